import { createRecommender } from 'sotto';
import identities from './identities.json';

const sotto = await createRecommender({ site: 'https://rec.example.org/v1/site.json', identities });
const [list, why, consent] = ['list', 'why', 'consent'].map((id) => document.getElementById(id));
async function show() {
  const items = await sotto.recommend({ count: 10 });
  list.replaceChildren(...items.map(({ item }) => Object.assign(document.createElement('li'), { textContent: item })));
  list.childNodes.forEach((row) => { row.dataset.sottoItem = row.textContent; });
  const { reasons } = await sotto.explain(items[0].item);
  why.textContent = reasons.map(({ item }) => `Because you liked ${item}.`).join(' ');
}
sotto.observe(list); // impressions and clicks, once the visitor has agreed
sotto.addEventListener('change', show);
list.addEventListener('click', ({ target }) => sotto.track({ type: 'like', item: target.textContent }));
consent.addEventListener('change', () => sotto.setConsent({ personalise: consent.checked, contribute: consent.checked }));
await show();
