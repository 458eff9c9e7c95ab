import { config } from '../site';

/** SECURITY.md in plain words, and no more than it says. */
export function Promises({ delta }: { delta: number }) {
  return (
    <section class="promises" aria-labelledby="promises-heading">
      <h2 id="promises-heading" class="section-title">What is promised, and what is not</h2>
      <div class="two-columns">
        <div>
          <h3>Promised</h3>
          <ul class="plain-list yes">
            <li>Without your consent nothing is recorded, stored or sent. What you read stays on this device; lists are made here.</li>
            <li>A report leaves only after you agree, and is split into two shares, each encrypted to one of two servers. As long as one of the two is honest, nobody learns anything about your report but its part in one noised sum.</li>
            <li>The sum is differentially private for each device and each window of time: all that is published would look nearly the same without you. How nearly is epsilon, at a delta of {delta.toExponential(0)}; your ledger counts it and refuses what does not fit.</li>
            <li>Every report is bounded, in whole numbers, so no history is so unusual that it stands out more than the bound. Reports that carry a proof (PINE) are checked for it, without being read.</li>
            <li>The noise is drawn with whole numbers from a cryptographic source. Each server adds all of it; only one server’s is counted.</li>
            <li>You can see, export, pause and forget everything here at any time.</li>
          </ul>
        </div>
        <div>
          <h3>Not promised</h3>
          <ul class="plain-list no">
            <li>Anonymity. The servers see network addresses, and when messages come and how large they are.</li>
            <li>Protection if both servers work together. In this demonstration one machine runs both, so here it rests on that machine.</li>
            <li>Protection from a site that serves other code than the published package. You trust it for that, as with every page; and it sees which pages you open and what you fetch, such as the text of an article.</li>
            <li>That the model is right when many devices lie. A lie within the bound has a bounded effect, not none. Proofs have a small chance to err.</li>
            <li>Taking back what was sent: it is part of a sum by then, which nobody can take apart.</li>
            <li>That nobody else has found a mistake: nobody outside has reviewed this software yet. Do not give it the data of real people.</li>
          </ul>
        </div>
      </div>
      {config.value && (
        <p class="quiet">This is a demonstration, which its signed manifest says: batches of {config.value.minBatch} and windows of {Math.round(config.value.windowMs / 1000)} seconds, where production has floors that no message can lower.</p>
      )}
    </section>
  );
}
