import type { ComponentChildren } from 'preact';

import type { DemoItem } from '../contract';
import { hrefOf } from '../router';
import { capitalised, kindAndMinutes } from '../words';
import { Cover } from './cover';
import { Opinions } from './opinions';

export interface CardProps {
  readonly item: DemoItem;
  readonly lead?: boolean;
  readonly children?: ComponentChildren;
  readonly done?: () => void;
}

/** A card of the feed. What carries data-sotto-item is what a click means "chosen" in: the buttons lie
 * outside of it. */
export function Card({ item, lead = false, children, done }: CardProps) {
  return (
    <li class={lead ? 'card card-lead' : 'card'} data-key={item.id}>
      <div class="card-main" data-sotto-item={item.id}>
        <Cover item={item} />
        <div class="card-text">
          <p class="kicker">{capitalised(item.topic)}</p>
          <h2 class="card-title"><a href={hrefOf({ page: 'article', id: item.id })}>{item.title}</a></h2>
          <p class="card-lead-text">{item.lead}</p>
          {children}
        </div>
      </div>
      <div class="card-foot">
        <p class="meta">{kindAndMinutes(item)}</p>
        <Opinions item={item} {...(done ? { done } : {})} />
      </div>
    </li>
  );
}

export function CardSkeleton({ lead = false }: { lead?: boolean }) {
  return (
    <li class={lead ? 'card card-lead skeleton' : 'card skeleton'} aria-hidden="true">
      <div class="card-main"><div class="cover cover-card" /><div class="card-text"><i class="line short" /><i class="line tall" /><i class="line" /><i class="line half" /></div></div>
    </li>
  );
}
