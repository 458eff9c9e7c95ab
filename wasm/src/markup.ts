// Sotto by markup alone, the only module of the package that acts when it is imported:
//
//   <link rel="sotto" href="https://rec.example.org/v1/site.json"
//     data-publisher="HEX" data-leader="HEX" data-helper="HEX">
//   <script type="module" src=".../markup.js"></script>
//
// makes the recommender of the page, defines the elements, and observes the body. data-demo: the
// floors of a demonstration, where the site's manifest says that it is one.

import { defineElements } from './elements/index.js';
import { createRecommender } from './index.js';
import type { Identities, Recommender } from './types.js';

function keyOf(link: HTMLLinkElement, name: 'publisher' | 'leader' | 'helper'): string {
  const key = link.dataset[name];
  if (!key || !/^[0-9a-f]{64}$/i.test(key))
    throw new TypeError(`<link rel="sotto">: data-${name}: 64 hexadecimal digits are needed`);
  return key;
}

async function start(): Promise<Recommender> {
  if (document.readyState === 'loading')
    await new Promise((resolve) => document.addEventListener('DOMContentLoaded', resolve, { once: true }));
  const link = document.querySelector<HTMLLinkElement>('link[rel~="sotto"]');
  if (!link) throw new TypeError('<link rel="sotto">: none in this page');
  if (!link.getAttribute('href')) throw new TypeError('<link rel="sotto">: href is missing');
  const identities: Identities = {
    publisher: keyOf(link, 'publisher'), leader: keyOf(link, 'leader'), helper: keyOf(link, 'helper'),
  };
  const demo = 'demo' in link.dataset;
  const recommender = await createRecommender({ site: link.href, identities, demo });
  defineElements(recommender);
  recommender.observe(document.body);
  return recommender;
}

/** The page's recommender. It rejects with what the console was told, too. */
export const ready: Promise<Recommender> = start();

ready.catch((error: unknown) => console.error(error));
