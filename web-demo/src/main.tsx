import { render } from 'preact';

import { adoptCoverColours } from './read/cover_colours';
import { App } from './shell/app';
import { start } from './site';

adoptCoverColours();
const root = document.getElementById('app')!;
root.replaceChildren();
render(<App />, root);
void start();
