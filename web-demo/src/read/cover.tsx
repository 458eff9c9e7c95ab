import { useMemo } from 'preact/hooks';

import { coverSvg } from '../../magazine/cover';
import { kindIds } from '../../magazine/kinds';
import { hash32 } from '../../magazine/random';
import { topicIds, type TopicId } from '../../magazine/topic';
import type { DemoItem } from '../contract';

const isTopic = (topic: string): topic is TopicId => (topicIds as readonly string[]).includes(topic);

/** The topic whose drawings and colours stand for an item; films have none of their own. */
export const coverTopic = (item: DemoItem): TopicId =>
  isTopic(item.topic) ? item.topic : topicIds[hash32(item.topic) % topicIds.length]!;

/** A drawing that fills its element at once: it is made here, so nothing has to be loaded. */
export function Cover({ item, shape = 'card' }: { item: DemoItem; shape?: 'card' | 'wide' | 'square' }) {
  const svg = useMemo(() => {
    const kind = kindIds.find((id) => id === item.kind) ?? kindIds[hash32(item.id) % kindIds.length]!;
    const [width, height] = shape === 'wide' ? [1280, 560] : shape === 'square' ? [300, 300] : [600, 400];
    return coverSvg({ id: item.id, title: item.title, topic: coverTopic(item), kind }, { width, height });
  }, [item, shape]);
  return <div class={`cover cover-${shape} topic-${coverTopic(item)}`} dangerouslySetInnerHTML={{ __html: svg }} />;
}
