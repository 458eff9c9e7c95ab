// A Recommender that answers what a test tells it to, and keeps what it was asked: the elements are
// tested against the interface alone.

const allowance = (spentRho, leftRho, spentEpsilon, limitEpsilon) =>
  ({ spentRho, leftRho, spentEpsilon, limitEpsilon });
const minute = 60_000;
const noon = Date.UTC(2026, 2, 14, 12);

export const contributions = [
  { task: 'a1'.repeat(16), kind: 'report', created: noon, sendAt: noon + minute, sent: noon + 2 * minute,
    state: 'sent', rho: 0.03125, epsilon: 1.312, bytes: 938_054 },
  { task: 'b2'.repeat(16), kind: 'zero_report', created: noon, sendAt: noon + minute,
    sent: noon + 90 * minute, state: 'sent', rho: 0, epsilon: 0, bytes: 938_054 },
  { task: 'c3'.repeat(16), kind: 'report', created: noon, sendAt: noon, sent: null, state: 'refused',
    code: 'EXPIRED', rho: 0.03125, epsilon: 1.312, bytes: 4_402 },
  { task: 'd4'.repeat(16), kind: 'report', created: noon + 1440 * minute, sendAt: noon + 1500 * minute,
    sent: null, state: 'waiting', rho: 0.03125, epsilon: 1.312, bytes: 938_054 },
];

export const privacy = {
  consent: { personalise: true, contribute: true }, blocked: null, paused: false,
  storage: 'persistent', delta: 1e-6,
  window: { ...allowance(0.09375, 0.40625, 2.312, 5.222), ms: 90 * 86_400_000 },
  lifetime: allowance(0.125, 1.875, 2.689, 11.58), contributions,
};

export class StubRecommender extends EventTarget {
  calls = [];
  privacy = privacy;
  /** What recommend() answers: items, or an error; a function of the options, too. */
  list = [];
  reasons = {};
  /** Names of calls -> what they reject with. */
  failing = {};

  #call(name, argument) {
    this.calls.push(argument === undefined ? [name] : [name, argument]);
    if (this.failing[name]) throw this.failing[name];
  }
  tell(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
  become(change) {
    this.privacy = { ...this.privacy, ...change };
    this.tell('privacy', this.privacy);
  }

  async recommend({ signal, only, ...options }) {
    this.#call('recommend', { ...options, only: [...only] });
    return this.list.slice(0, options.count)
      .map((item, index) => ({ item, score: 1 / (index + 1), source: 'personal' }));
  }
  async explain(item) {
    this.#call('explain', item);
    return { score: 1, reasons: (this.reasons[item] ?? []).map((item) => ({ item, term: 1, drop: 1 })) };
  }
  async setConsent(consent) {
    this.#call('setConsent', consent);
    this.become({ consent, blocked: consent.contribute ? null : 'consent' });
  }
  async pause() {
    this.#call('pause');
    this.become({ paused: true, blocked: 'paused' });
  }
  async resume() {
    this.#call('resume');
    this.become({ paused: false, blocked: null });
  }
  async forget() {
    this.#call('forget');
    this.become({ consent: { personalise: false, contribute: false }, blocked: 'consent',
      storage: 'none', contributions: [] });
  }
  async exportData() {
    this.#call('exportData');
    return { format: 'sotto export 1', site: 'news.example/../x', exported: '2026-03-14T12:00:00Z',
      consent: this.privacy.consent, events: [], privacy: this.privacy };
  }
  observe(root) {
    this.calls.push(['observe', root.nodeName]);
    return () => {};
  }
}
