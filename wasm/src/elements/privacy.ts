// <sotto-privacy>: what a visitor decides, and what was spent and sent in their name. See
// SottoPrivacyElement for the contract.

import type { Consent, Recommender } from '../types.js';
import { build } from './build.js';
import { withPageRecommender } from './page_recommender.js';
import { blockedWords, budgetWords, contributionWords, spentPart } from './privacy_figures.js';
import { english, fillMessage, mergeMessages, type GivenMessages, type PrivacyMessages }
  from './privacy_messages.js';
import { buildPrivacyPanel, type PrivacyPanel } from './privacy_panel.js';
import { privacyStyle } from './privacy_style.js';

/** A complete panel, which takes its language for dates and figures from the nearest `lang`, its
 * light or dark look from the page's color-scheme. Its heading is the element's child with
 * slot="heading", else an h2. Colours, font and radius: --sotto-text, -muted, -surface, -line, -edge,
 * -accent, -on-accent, -danger, -on-danger, -font, -radius; parts: panel, heading, intro, choice,
 * label, hint, switch, notice, budget, spent, meter, bar, figures, contributions, summary, actions,
 * button, danger, question, status.
 *
 * Event, which bubbles: 'sotto-error' with what went wrong; the visitor is told, too. */
export interface SottoPrivacyElement extends HTMLElement {
  /** Texts instead of the English ones, as many as are given; attribute: the same as JSON. */
  messages: GivenMessages;
}

let sheet: CSSStyleSheet | undefined;

function save(name: string, value: unknown): void {
  const url = URL.createObjectURL(
    new Blob([JSON.stringify(value, null, 2)], { type: 'application/json' }));
  build('a', { href: url, download: name }).click();
  // Some browsers read it well after the click.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

export function makePrivacyClass(): new () => SottoPrivacyElement {
  return class extends HTMLElement implements SottoPrivacyElement {
    static readonly observedAttributes = ['messages'];

    #shadow = this.attachShadow({ mode: 'open' });
    #messages: PrivacyMessages = english;
    #given: GivenMessages = {};
    #recommender: Recommender | undefined;
    #end: (() => void) | undefined;
    #panel: PrivacyPanel | undefined;
    #busy = false;

    get messages(): GivenMessages {
      return this.#given;
    }
    set messages(given: GivenMessages) {
      this.#messages = mergeMessages(given);
      this.#given = given;
      this.#build();
    }

    connectedCallback(): void {
      if (Object.hasOwn(this, 'messages')) { // Set before the element was defined.
        const { messages } = this;
        Reflect.deleteProperty(this, 'messages');
        this.messages = messages;
      }
      if (!sheet) {
        sheet = new CSSStyleSheet();
        sheet.replaceSync(privacyStyle);
      }
      this.#shadow.adoptedStyleSheets = [sheet];
      this.#end = withPageRecommender((recommender, signal) => {
        this.#recommender = recommender;
        recommender.addEventListener('privacy', () => this.#render(), { signal });
        this.#build();
      });
    }

    disconnectedCallback(): void {
      this.#end?.();
      this.#recommender = undefined;
    }

    attributeChangedCallback(_name: string, _before: string | null, text: string | null): void {
      try {
        this.messages = text === null ? {} : JSON.parse(text) as GivenMessages;
      } catch (error) {
        this.#tell(error);
      }
    }

    #tell(error: unknown): void {
      this.dispatchEvent(
        new CustomEvent('sotto-error', { detail: error, bubbles: true, composed: true }));
    }

    #build(): void {
      const recommender = this.#recommender;
      if (!recommender) return;
      const panel = buildPrivacyPanel(this.#messages);
      this.#panel = panel;
      panel.personalise.addEventListener('change', () => this.#choose({
        personalise: panel.personalise.checked,
        contribute: panel.personalise.checked && recommender.privacy.consent.contribute,
      }));
      panel.contribute.addEventListener('change', () => this.#choose({
        personalise: recommender.privacy.consent.personalise,
        contribute: panel.contribute.checked,
      }));
      panel.contributions.addEventListener('toggle', () => this.#list());
      panel.pause.addEventListener('click', () => void (recommender.privacy.paused
        ? this.#do(() => recommender.resume(), this.#messages.resumed)
        : this.#do(() => recommender.pause(), this.#messages.paused)));
      panel.export.addEventListener('click', () => void this.#do(async () => {
        const data = await recommender.exportData();
        const site = data.site.replace(/[^\w.-]+/g, '-');
        save(`sotto-${site}-${data.exported.slice(0, 10)}.json`, data);
      }, this.#messages.exported));
      panel.forget.addEventListener('click', () => this.#ask(true));
      panel.cancel.addEventListener('click', () => this.#ask(false));
      panel.question.addEventListener('keydown', ({ key }) => {
        if (key === 'Escape') this.#ask(false);
      });
      panel.confirm.addEventListener('click', () => {
        this.#ask(false);
        void this.#do(() => recommender.forget(), this.#messages.forgotten);
      });
      this.#shadow.replaceChildren(panel.root);
      this.#render();
    }

    #choose(consent: Consent): void {
      void this.#do(() => this.#recommender?.setConsent(consent), '');
    }

    /** Confirmation takes the place of the buttons, and the focus with it. */
    #ask(open: boolean): void {
      const panel = this.#panel;
      if (!panel) return;
      panel.question.hidden = !open;
      panel.actions.hidden = open;
      panel.status.textContent = '';
      (open ? panel.cancel : panel.forget).focus();
    }

    /** One act at a time: a second click on a button changes nothing. */
    async #do(act: () => Promise<void> | undefined, done: string): Promise<void> {
      if (this.#busy) return this.#render();
      this.#busy = true;
      this.#say('', false);
      try {
        await act();
        this.#say(done, false);
      } catch (error) {
        const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
        this.#say(fillMessage(this.#messages.failed, { code }), true);
        this.#tell(error);
      } finally {
        this.#busy = false;
        this.#render();
      }
    }

    #say(text: string, failed: boolean): void {
      const status = this.#panel?.status;
      if (!status) return;
      status.textContent = text;
      status.classList.toggle('failed', failed);
    }

    get #language(): string | undefined {
      return this.closest<HTMLElement>('[lang]')?.lang || undefined;
    }

    #render(): void {
      const [panel, state] = [this.#panel, this.#recommender?.privacy];
      if (!panel || !state || this.#busy) return;
      panel.personalise.checked = state.consent.personalise;
      panel.contribute.checked = state.consent.contribute;
      panel.contribute.disabled = !state.consent.personalise;
      panel.memory.textContent = state.storage === 'memory' ? this.#messages.memory : '';
      panel.blocked.textContent = blockedWords(state, this.#messages);
      panel.blocked.classList.toggle('blocked', state.blocked !== null);
      panel.pause.textContent = state.paused ? this.#messages.resume : this.#messages.pause;

      const budget = budgetWords(state, this.#messages, this.#language);
      const percent = Math.round(spentPart(state) * 100);
      panel.spent.textContent = budget.spent;
      panel.figures.replaceChildren(...budget.details.map((text) => build('span', {}, `${text} `)));
      panel.meter.setAttribute('aria-valuenow', `${percent}`);
      panel.meter.setAttribute('aria-valuetext', budget.spent);
      panel.bar.style.inlineSize = `${percent}%`;
      const count = state.contributions.length.toLocaleString(this.#language);
      panel.summary.textContent = fillMessage(this.#messages.contributions, { count });
      this.#list();
    }

    /** Newest first; only while somebody looks. */
    #list(): void {
      const [panel, state] = [this.#panel, this.#recommender?.privacy];
      if (!panel?.contributions.open || !state) return;
      const rows = state.contributions.toReversed().map((contribution) => {
        const { state, cost } = contributionWords(contribution, this.#messages, this.#language);
        return build('li', {}, build('span', {}, state), build('span', { class: 'muted' }, cost));
      });
      panel.list.replaceChildren(...(rows.length > 0 ? rows
        : [build('li', { class: 'muted' }, this.#messages.noContributions)]));
    }
  };
}
