// `--once`: all rounds without a site, then the table. For machines: the exit code says whether the model
// is better than popularity and every report is accounted for.
const waitMs = 30_000; // for the last model, after the last window

const cell = (text, width) => String(text).padStart(width);
const row = (cells) => console.log(cells.map((text, i) => (i === 0 ? String(text).padEnd(24) : cell(text, 10))).join(''));
const figures = (quality) => (quality ? [quality.ndcg.toFixed(4), quality.recall.toFixed(4)] : ['-', '-']);

/** crowd: one with `tasks`. Resolves to whether all is well. */
export async function runOnce({ crowd, course, baselines }) {
  const outcome = await crowd.done(); // throws when accounts do not add up
  for (const end = Date.now() + waitMs; !course.finished && Date.now() < end;) await new Promise((done) => setTimeout(done, 100));
  await course.measured();
  const { popularity, centralised, measured } = await baselines;
  const { rounds, rejected, refused } = course.view();
  console.log('');
  row(['', 'reports', 'epsilon', 'ndcg@100', 'recall@20']);
  for (const { sequence, reports, epsilon, quality } of rounds)
    row([reports === 0 ? 'first model' : `model ${sequence}`, reports, epsilon.toFixed(3), ...figures(quality)]);
  row(['popularity', '', '', ...figures(popularity)]);
  row(['centralised', '', '', ...figures(centralised)]);
  const { acknowledged, made, zero_reports: empty, unfunded } = outcome.reports;
  console.log(`\nOn ${measured} held-out visitors. Of ${made} reports ${acknowledged} were acknowledged and are accounted for` +
    `${empty ? `; ${empty} say nothing, ${unfunded} of them for want of budget` : ''}` +
    `${Object.keys(rejected).length ? `; rejected: ${JSON.stringify(rejected)}` : ''}.`);
  for (const { reason } of refused) console.log(`A release was refused: ${reason}`);
  if (!course.finished) console.log('The course has not come to its end.');
  const last = rounds.at(-1)?.quality;
  const better = Boolean(last && last.ndcg > popularity.ndcg);
  console.log(better ? 'The model beats popularity.' : 'The model does not beat popularity.');
  return better && course.finished;
}
