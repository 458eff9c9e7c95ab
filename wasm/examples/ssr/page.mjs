// Runs on the server and in the browser: importing the package does nothing in either.
import { createRecommender } from 'sotto';

export const renderPage = (items) => `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Sotto with a server that renders</title>
<script type="importmap">{ "imports": { "sotto": "/sotto/index.js", "sotto/elements": "/sotto/elements/index.js" } }</script>
<script type="module" src="/client.mjs"></script>
<h1>For you</h1>
<sotto-list>${items.map((item) => `<p data-sotto-item="${item}">${item}</p>`).join('')}</sotto-list>
</html>`;

/** In an effect of the framework (useEffect, onMount, onMounted); what it resolves with ends it. */
export async function startSotto(defineElements, identities) {
  const sotto = await createRecommender({ site: 'https://rec.example.org/v1/site.json', identities });
  defineElements(sotto);
  return () => sotto.close();
}
