/** Items as a world has them, in number and kind, without the binary that writes one. */
import type { WorldItem } from './articles.js';
import { kindIds, kinds } from './kinds.js';
import { Random } from './random.js';
import { topicIds } from './topic.js';

export function worldItems(count: number, seed = 'world'): WorldItem[] {
  const random = new Random(seed);
  return Array.from({ length: count }, (_, i): WorldItem => {
    const topic = i < topicIds.length ? i : random.below(topicIds.length);
    const second = random.next() < 0.25 ? [topicIds[(topic + 1 + random.below(topicIds.length - 1)) % topicIds.length] as string] : [];
    const later = i >= topicIds.length && random.next() < 0.1;
    return {
      id: `i${i + 1}`,
      tags: [topicIds[topic] as string, ...second, kinds[random.pick(kindIds)].style],
      year: later ? 2024 : 2023 - random.below(50), day: later ? random.below(90) : 0,
    };
  });
}
