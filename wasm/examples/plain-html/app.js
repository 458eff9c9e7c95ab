import { createRecommender, SottoError } from './sotto/index.js'; // node_modules/sotto/dist, copied

const identities = await (await fetch('identities.json')).json(); // what `sotto keygen` wrote
const list = document.getElementById('list');
try {
  const sotto = await createRecommender({ site: 'https://rec.example.org/v1/site.json', identities });
  const show = async () => {
    const items = await sotto.recommend({ count: 10 });
    list.replaceChildren(...items.map(({ item, source }) => {
      const row = document.createElement('li');
      row.dataset.sottoItem = item;
      row.textContent = `${item} (${source})`;
      return row;
    }));
  };
  sotto.observe(list);
  sotto.addEventListener('change', show);
  document.getElementById('yes').onclick = () => sotto.setConsent({ personalise: true, contribute: false });
  document.getElementById('forget').onclick = () => sotto.forget();
  await show();
} catch (error) {
  if (!(error instanceof SottoError)) throw error;
  list.textContent = `No recommendations now: ${error.code}`;
}
