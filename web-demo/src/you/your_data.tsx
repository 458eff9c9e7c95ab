import { useState } from 'preact/hooks';

import { tell } from '../notice';
import { messageOf, privacy, sotto } from '../site';

/** Pause, export, forget. */
export function YourData() {
  const [asking, setAsking] = useState(false);
  const paused = privacy.value?.paused === true;
  const act = async (work: () => Promise<void> | undefined, done: string) => {
    try {
      await work();
      tell(done);
    } catch (error) {
      tell(messageOf(error));
    }
  };
  return (
    <section class="panel your-data" aria-labelledby="data-title">
      <h2 id="data-title" class="section-title">It is yours</h2>
      <div class="data-actions">
        <div>
          <p>{paused ? 'Paused: nothing is recorded and nothing is sent until you resume, also in later visits.' : 'Stop recording and contributing for as long as you like.'}</p>
          {paused ? <button type="button" class="button" onClick={() => void act(() => sotto.value?.resume(), 'Resumed.')}>Resume</button>
            : <button type="button" class="button" onClick={() => void act(() => sotto.value?.pause(), 'Paused.')}>Pause</button>}
        </div>
        <div>
          <p>Everything that is on the device, as a file that people and programs can read.</p>
          <button type="button" class="button" onClick={() => void act(download, 'Exported as a file.')}>Export</button>
        </div>
        <div>
          {asking ? (
            <div role="group" aria-labelledby="forget-question">
              <p id="forget-question"><strong>Forget your history, your interests, your choices and the record of your contributions? They cannot be brought back.</strong></p>
              <div class="row">
                <button type="button" class="button button-strong" onClick={() => {
                  setAsking(false);
                  void act(() => sotto.value?.forget(), 'Everything on this device is forgotten.');
                }}>Forget everything</button>
                <button type="button" class="button" ref={(button) => button?.focus()} onClick={() => setAsking(false)}>Keep it</button>
              </div>
            </div>
          ) : (
            <>
              <p>Remove all of it from this device, your consent included. Reports that were sent are part of sums by now and cannot be told apart in them.</p>
              <button type="button" class="button" onClick={() => setAsking(true)}>Forget…</button>
            </>
          )}
        </div>
      </div>
    </section>
  );
}

async function download(): Promise<void> {
  const data = await sotto.value?.exportData();
  const url = URL.createObjectURL(new Blob([JSON.stringify(data, null, 2)], { type: 'application/json' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = 'sotto-export.json';
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
