import { failure, phase, privacy, start, status } from '../site';
import { noun } from '../words';

/** What does not work, and what works all the same. Nothing when all is well. */
export function Trouble() {
  const words = troubleWords();
  if (!words) return null;
  return (
    <p class="notice" role="status">
      {words}{phase.value === 'unreachable' && <> <button type="button" class="link-button" onClick={() => void start()}>Try again</button></>}
    </p>
  );
}

function troubleWords(): string | null {
  switch (phase.value) {
    case 'loading': return null;
    case 'unreachable': return 'The site does not answer, and nothing of it is kept on this device yet.';
    case 'unsupported':
      return `This browser lacks ${failure.value}, so nothing can be computed here. All ${noun().many} can be read, newest first.`;
    case 'broken':
      return `The recommender could not start: ${failure.value}. All ${noun().many} can be read, newest first.`;
    case 'ready': break;
  }
  const { trouble, model } = status.value ?? { trouble: null, model: null };
  if (trouble?.code === 'STORAGE' || privacy.value?.storage === 'memory')
    return 'This browser’s storage is blocked: what this page learns about you ends with the page.';
  if (trouble && model)
    return `The site’s server does not answer. Lists are made on this device, with model ${model.sequence} of ${new Date(model.created).toLocaleString('en-GB', { dateStyle: 'medium', timeStyle: 'short' })}.`;
  if (trouble) return `The site’s server does not answer (${trouble.code}), and there is no model on this device yet. What there is comes newest first.`;
  return null;
}
