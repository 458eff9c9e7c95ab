import { defineElements } from 'sotto/elements';
import { startSotto } from './page.mjs';

const identities = await (await fetch('/identities.json')).json();
await startSotto(defineElements, identities);
