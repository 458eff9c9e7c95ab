// `./run demo`: starts helper, leader, site and crowd in this order and stops them in the other.
import { existsSync } from 'node:fs';
import { spawn } from 'node:child_process';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

import { Attack } from './attack.mjs';
import { Course } from './course.mjs';
import { Crowd } from './crowd.mjs';
import { Site } from './http.mjs';
import { runOnce } from './once.mjs';
import { OptionError, delta, readOptions, usage } from './options.mjs';
import { Pair, batchOf } from './pair.mjs';
import { budgetFor } from './privacy.mjs';
import { Processes } from './processes.mjs';
import { Quality } from './quality.mjs';
import { StateFolder } from './state.mjs';
import { makeWorld, readArticles } from './world.mjs';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
const sotto = join(root, 'build/release/sotto');
const pages = join(root, 'build/demo');
const magazine = join(root, 'build/demo-server/articles.mjs');

class Demo {
  #parts = []; // what is to be stopped, the latest first
  #stopped = null;

  constructor(options) {
    this.options = options;
    this.state = StateFolder.open(options);
    this.processes = new Processes({ temporary: this.state.temporary ? this.state.path : null,
      onCrash: (child) => this.fail(new Error(child.describe())) });
  }

  async start() {
    const { state, processes, options } = this;
    const { site, seed, visitors: wanted, rounds, window, epsilon, dim, world } = state.settings;
    let origins = ['http://127.0.0.1']; // of no page
    let url = null;
    if (!options.once) {
      this.site = this.#begin(new Site({ pages }), 'close');
      url = await this.site.listen(options.port);
      origins = this.site.origins();
    }
    let making; // what it writes goes with the rest: it has to have ended
    this.#begin({ stop: () => making?.catch(() => {}) });
    making = makeWorld({ sotto, state });
    const { data, items } = await making;
    const quality = this.#begin(new Quality({ sotto, data, dim }));
    const found = await quality.popularity();
    if (world === 'films' && options.given.has('visitors') && wanted > found.users)
      throw new OptionError(`--visitors: ${wanted}, but there are only ${found.users} people in ${data}`);
    state.keep();
    const visitors = Math.min(wanted, found.users);
    const baselines = quality.centralised().then((centralised) => ({ ...found, centralised }));
    let centralised = null;
    baselines.then((all) => (centralised = all.centralised), (error) => this.fail(error));

    const plan = { vdaf: 'pine', site, visitors, rounds, window, epsilon, delta, dim };
    const pair = this.#begin(new Pair({ folder: state.file('pair'), sotto, processes, name: 'the', plan, items, origins }));
    await pair.start();
    const course = this.#begin(new Course({ pair, quality, onRound: (round) => this.#tell(round, found.popularity) }));
    await course.start();
    const crowd = this.#begin(new Crowd({ pair, processes, sotto, data, seed, tasks: options.once ? rounds + 1 : null }));
    console.log(`${visitors} simulated visitors, ${rounds + 1} windows of ${window} s, epsilon ${epsilon} at delta ${delta} in all.`);
    let running = !course.finished;
    if (running) crowd.start();
    if (options.once) return { crowd, course, baselines };

    const attack = this.#begin(new Attack({ folder: state.file('attack'), sotto, processes, quality, plan, items, data, seed, origins }));
    this.site.leaderUrl = pair.leaderUrl;
    this.site.articles = await readArticles({ world, itemsFile: items, magazine });
    this.site.crowd = () => ({ running, course: course.view(), popularity: found.popularity, centralised, attack: attack.view() });
    this.site.attack = () => attack.start();
    this.site.config = { siteUrl: `${pair.leaderUrl}/v1/site.json`, identities: pair.identities(), budget: budgetFor(sotto, epsilon, delta),
      world, windowMs: window * 1000, visitors, minBatch: batchOf(visitors).least, epsilon, delta, rounds };
    if (!existsSync(join(pages, 'index.html'))) console.log('The pages are not built; ./run demo builds them.');
    console.log(`\nOpen ${url}/\n\nCtrl-C stops everything.`);
    if (options.open) openBrowser(`${url}/`);

    // After the last release a visitor's budget is spent: nobody has anything to send any more.
    const timer = setInterval(() => {
      if (!course.finished) return;
      clearInterval(timer);
      void Promise.allSettled([crowd.stop(), course.measured()]).then(([, measured]) => {
        running = false;
        if (measured.status === 'rejected') console.error(`A model was not measured: ${measured.reason.message}`);
        console.log('All rounds are over: the budget is spent. The site stays until Ctrl-C.');
      });
    }, 500);
    this.#begin({ stop: () => clearInterval(timer) });
    return null;
  }

  // What begins after a stop would not be stopped.
  #begin(part, stop = 'stop') {
    if (this.#stopped) throw new Error('stopping');
    this.#parts.unshift(() => part[stop]());
    return part;
  }

  #tell({ sequence, reports, epsilon, quality }, popularity) {
    const name = reports === 0 ? 'first model' : `model ${sequence} from ${reports} reports`;
    console.log(`${name.padEnd(32)} epsilon ${epsilon.toFixed(2)}  ndcg@100 ${quality.ndcg.toFixed(3)} (popularity ${popularity.ndcg.toFixed(3)})`);
  }

  /** Tells, and ends with code 1. */
  fail(error) {
    if (this.#stopped) return;
    console.error(`./run demo: ${error instanceof OptionError ? error.message : error.stack ?? error.message}`);
    void this.stop(error instanceof OptionError ? 2 : 1);
  }

  stop(code) {
    process.exitCode ??= code;
    this.#stopped ??= (async () => {
      for (const stop of this.#parts) {
        try {
          await stop();
        } catch (error) {
          console.error(error.message);
          process.exitCode = 1;
        }
      }
      await this.processes.close();
      this.state.close();
      process.exit();
    })();
    return this.#stopped;
  }
}

function openBrowser(url) {
  const desktop = process.platform === 'darwin' ? 'open' : process.env.DISPLAY || process.env.WAYLAND_DISPLAY ? 'xdg-open' : null;
  if (desktop === null) return;
  spawn(desktop, [url], { detached: true, stdio: 'ignore' }).on('error', () => {}).unref();
}

function stopAtSignals(demo) {
  let signals = 0;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
    process.on(signal, () => {
      if (++signals > 1) process.exit(130); // what is left ends with its watchdog
      console.log('\nStopping.');
      void demo.stop(0);
    });
}

async function main() {
  const options = readOptions(process.argv.slice(2));
  if (options.help) return void process.stdout.write(usage);
  if (!existsSync(sotto)) throw new OptionError(`${sotto} is missing; ./run demo builds it`);
  const demo = new Demo(options);
  stopAtSignals(demo);
  try {
    const once = await demo.start();
    if (once) await demo.stop((await runOnce(once)) ? 0 : 1);
  } catch (error) {
    demo.fail(error);
  }
}

main().catch((error) => {
  console.error(`./run demo: ${error instanceof OptionError ? error.message : error.stack}`);
  process.exitCode = error instanceof OptionError ? 2 : 1;
});
