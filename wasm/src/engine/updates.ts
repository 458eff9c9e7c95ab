// The site's model: which files its signed manifest names, fetched when they are new, taken when they
// verify and make a sound list. What is there stays until then.
import { SottoError } from '../../core/error.mjs';
import type { Environment } from './environment.js';
import { Backoff } from './backoff.js';
import type { Device } from './device.js';
import type { EngineOptions } from './rpc.js';
import { HttpError, SiteClient, fetchSiteInfo, hex } from './site_client.js';

const regularMs = 15 * 60_000;
const firstWaitMs = 5_000;
const mostFileBytes = 512 * 1024 * 1024;

export interface UpdatesEvents {
  /** Another model is in use. */
  taken(): void;
  /** The latest attempt's error; null: it went well. */
  trouble(error: SottoError | null): void;
}

export class Updates {
  readonly #environment: Environment;
  readonly #siteUrl: string;
  readonly #pinned: string | null;
  readonly #device: Device;
  readonly #events: UpdatesEvents;
  readonly #backoff = new Backoff(firstWaitMs, regularMs);
  #client: SiteClient | null = null;
  #refreshing: Promise<void> | null = null;
  #again = false;
  #cancelTimer: () => void = () => {};
  #closed = false;
  /** Manifests that were not taken are not tried again: by their bytes. */
  #refused = new Set<string>();

  constructor(environment: Environment, { siteUrl, identities }: EngineOptions, device: Device,
    events: UpdatesEvents) {
    this.#environment = environment;
    this.#siteUrl = siteUrl;
    this.#pinned = identities.site;
    this.#device = device;
    this.#events = events;
    const { site } = device.settings;
    if (site !== null) this.#client = new SiteClient(site);
  }

  /** Null until the site has been reached once. */
  get client(): SiteClient | null {
    return this.#client;
  }

  /** Looks for a new model now; again later, whatever comes of it. Never rejects. */
  refresh(): Promise<void> {
    if (this.#refreshing !== null) {
      this.#again = true; // what was announced may be newer than what is being fetched
      return this.#refreshing;
    }
    this.#cancelTimer();
    this.#refreshing = this.#attempt().finally(() => {
      this.#refreshing = null;
    });
    return this.#refreshing;
  }

  async #attempt(): Promise<void> {
    let wait = regularMs;
    try {
      do {
        this.#again = false;
        await this.#update();
      } while (this.#again && !this.#closed);
      this.#backoff.succeeded();
      this.#events.trouble(null);
    } catch (error) {
      wait = this.#backoff.failed(error instanceof HttpError ? error.retryAfterMs : 0);
      this.#events.trouble(error instanceof SottoError ? error : new SottoError('INTERNAL', String(error)));
    }
    if (!this.#closed) this.#cancelTimer = this.#environment.after(wait, () => void this.refresh());
  }

  async #update(): Promise<void> {
    const site = await this.#site();
    await this.#device.openCore(site);
    await this.#device.ready();
    const client = this.#client!;
    const manifest = await client.manifest();
    const name = hex(manifest);
    if (this.#refused.has(name)) return;
    const now = this.#environment.now();
    const named = this.#device.use((core) => core.readManifest(manifest, now));
    const known = named.sequence === this.#device.model?.sequence;
    if (known && this.#device.cached) return;
    if (named.snapshot.size + named.catalogue.size > mostFileBytes)
      throw new SottoError('TOO_LARGE', 'model: larger than a device takes');
    const [snapshot, catalogue] = await Promise.all([named.snapshot, named.catalogue].map(({ hash, size }) =>
      size === 0 ? new Uint8Array() : client.file(hash, size)));
    try {
      await this.#device.publish({ manifest, snapshot: snapshot!, catalogue: catalogue! });
    } catch (error) {
      if (!(error instanceof HttpError)) this.#refused.add(name);
      throw error;
    }
    if (!known) this.#events.taken();
  }

  // Asked for once a page; what is remembered helps when it cannot be.
  async #site(): Promise<string> {
    const remembered = this.#device.settings.site;
    if (this.#client === null || remembered === null) {
      const info = await fetchSiteInfo(this.#siteUrl);
      if (this.#pinned !== null && info.site !== this.#pinned)
        throw new SottoError('DISAGREEMENT', `${this.#siteUrl}: is of '${info.site}', not of '${this.#pinned}'`);
      this.#client = new SiteClient(info);
      await this.#device.commit({ settings: { ...this.#device.settings, site: info } });
      return info.site;
    }
    return remembered.site;
  }

  close(): void {
    this.#closed = true;
    this.#cancelTimer();
  }
}
