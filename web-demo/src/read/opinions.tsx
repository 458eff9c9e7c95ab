import { useState } from 'preact/hooks';

import type { DemoItem } from '../contract';
import { tell } from '../notice';
import { Icon } from '../shell/icon';
import { messageOf, recording, sotto } from '../site';

const said = {
  like: 'More like this, noted on this device.',
  dislike: 'Less like this, noted on this device.',
  hide: 'Hidden, on this device.',
} as const;

/** Opinions are recorded only where anything is. */
export function Opinions({ item, words = false, done = () => {} }: { item: DemoItem; words?: boolean; done?: () => void }) {
  const [opinion, setOpinion] = useState<'like' | 'dislike' | 'hide' | null>(null);
  if (!recording()) return null;
  const give = async (type: 'like' | 'dislike' | 'hide') => {
    try {
      if (!await sotto.value?.track({ type, item: item.id })) return;
      setOpinion(type);
      tell(said[type]);
      done();
    } catch (error) {
      tell(messageOf(error));
    }
  };
  const button = (type: 'like' | 'dislike' | 'hide', icon: 'more' | 'less' | 'hide', label: string) => (
    <button type="button" class={words ? 'button' : 'icon-button'} aria-pressed={opinion === type}
      aria-label={words ? undefined : `${label}: ${item.title}`} title={words ? undefined : label}
      onClick={() => void give(type)}>
      <Icon name={icon} />{words && label}
    </button>
  );
  return (
    <div class={words ? 'opinions opinions-words' : 'opinions'}>
      {button('like', 'more', 'More like this')}
      {button('dislike', 'less', 'Less like this')}
      {button('hide', 'hide', 'Hide')}
    </div>
  );
}
