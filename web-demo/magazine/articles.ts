/**
 * The magazine's articles, made from the items of a world (`sotto world --preset demo`, items.jsonl).
 * Pure and deterministic: the same items make the same articles in every engine, and items appended to
 * a list change none of the articles before them.
 */
import { filled, uncapitalised, wordCount } from './grammar.js';
import { acquaintances, introductions, kindOfStyle, kinds, type Kind, type Part } from './kinds.js';
import { places } from './places.js';
import { Random, hash32 } from './random.js';
import type { Subject, Topic, TopicId } from './topic.js';
import { isTopicId, topicById } from './topics.js';
import { inFull, inPassing, type Slots } from './voice.js';

/** A line of items.jsonl. Tags: one or two topics, then a style. */
export interface WorldItem {
  readonly id: string;
  readonly tags: readonly string[];
  readonly year?: number;
  /** Days since the start of 2024 on which the item arrives; 0 was there before. */
  readonly day?: number;
}

export interface Article {
  readonly id: string;
  readonly title: string;
  readonly lead: string;
  readonly body: readonly string[];
  readonly topic: TopicId;
  readonly second?: TopicId;
  readonly kind: Kind;
  readonly tags: readonly string[];
  /** YYYY-MM-DD */
  readonly date: string;
  /** Reading time at 180 words a minute, rounded up */
  readonly minutes: number;
}

const wordsAMinute = 180;
const firstDay = Date.UTC(2024, 0, 1);
const dayMs = 86_400_000;

interface Brief {
  readonly id: string;
  readonly topic: Topic;
  readonly second: Topic | undefined;
  readonly kind: Kind;
  readonly random: Random;
  readonly subject: Subject;
  /** How many articles on this subject came before. */
  readonly turn: number;
  readonly slots: Slots;
}

/** Throws RangeError naming the item and the field. Titles and leads are all distinct. */
export function makeArticles(items: readonly WorldItem[]): readonly Article[] {
  const desk = new Desk();
  return items.map((item) => desk.write(item));
}

/** What has been printed so far, so that nothing is printed twice. */
class Desk {
  private readonly ids = new Set<string>();
  private readonly titles = new Set<string>();
  private readonly leads = new Set<string>();
  private readonly decks = new Map<string, Subject[]>();
  private readonly turns = new Map<Subject, number>();

  write(item: WorldItem): Article {
    const brief = this.brief(item);
    const { titles, leads } = kinds[brief.kind];
    const title = this.unused(this.titles, titles, brief, 'title', item.id);
    const lead = this.unused(this.leads, leads, brief, 'lead', item.id);
    const body = bodyOf(brief, lead);
    const words = [title, lead, ...body].reduce((sum, text) => sum + wordCount(text), 0);
    return {
      id: item.id, title, lead, body, topic: brief.topic.id, kind: brief.kind, tags: [...item.tags],
      date: dateOf(item, brief.random), minutes: Math.ceil(words / wordsAMinute),
      ...(brief.second && { second: brief.second.id }),
    };
  }

  private brief(item: WorldItem): Brief {
    if (item.id === '' || this.ids.has(item.id)) throw new RangeError(`item "${item.id}": id is empty or not unique`);
    this.ids.add(item.id);
    const [first, ...rest] = item.tags;
    const style = rest.pop();
    const kind = style === undefined ? undefined : kindOfStyle(style);
    if (first === undefined || !isTopicId(first)) throw new RangeError(`item ${item.id}: tags[0] "${first ?? ''}" is no topic`);
    if (kind === undefined) throw new RangeError(`item ${item.id}: the last tag "${style ?? ''}" is no style`);
    const [other] = rest;
    if (rest.length > 1 || (other !== undefined && !isTopicId(other))) throw new RangeError(`item ${item.id}: tags[1] "${rest.join()}" is no topic`);
    const topic = topicById[first];
    const random = new Random(`article ${item.id}`);
    const subject = this.nextSubject(topic, kind);
    const turn = this.turns.get(subject) ?? 0;
    this.turns.set(subject, turn + 1);
    const second = other === undefined ? undefined : topicById[other];
    return { id: item.id, topic, second, kind, random, subject, turn, slots: slotsOf(topic, subject, random) };
  }

  /** Each kind goes through all of a topic's subjects before one comes back. */
  private nextSubject(topic: Topic, kind: Kind): Subject {
    const key = `${topic.id} ${kind}`;
    let deck = this.decks.get(key);
    if (!deck?.length) {
      deck = new Random(`subjects ${key}`).shuffled(topic.subjects);
      this.decks.set(key, deck);
    }
    const subject = deck.shift();
    if (!subject) throw new RangeError(`topic ${topic.id}: subjects is empty`);
    return subject;
  }

  private unused(used: Set<string>, patterns: readonly string[], brief: Brief, field: string, id: string): string {
    const start = kinds[brief.kind].ordered && field === 'title' ? 0 : brief.random.below(patterns.length);
    for (let round = 0; round < places.length; round++) {
      const slots = round === 0 ? brief.slots : { ...brief.slots, place: places[(hash32(id) + round) % places.length] as string };
      for (let i = 0; i < patterns.length; i++) {
        const text = filled(patterns[(start + i) % patterns.length] as string, inFull(slots));
        if (used.has(text)) continue;
        used.add(text);
        return text;
      }
    }
    throw new RangeError(`item ${id}: no ${field} is left for "${brief.subject.the}"`);
  }
}

function slotsOf(topic: Topic, subject: Subject, random: Random): Slots {
  const place = random.pick(places);
  const [who, other] = random.shuffled(topic.prose.people);
  return {
    a: subject.a, the: subject.the, gist: subject.gist, task: subject.task, question: subject.question,
    hook0: subject.hooks[0], hook1: subject.hooks[1], place, who: who ?? '', other: other ?? '',
    site: uncapitalised(filled(random.pick(topic.prose.sites), inFull({ place }))).replace(/^A (?=\p{Ll})/u, 'a '),
    moment: random.pick(topic.prose.moments), year: String(1840 + random.below(100)),
  };
}

function bodyOf(brief: Brief, lead: string): string[] {
  const { topic, second, kind, slots } = brief;
  const decks = new Map<string, number>();
  // Articles on one subject walk through each pool from where the last one stopped.
  const draw = (name: string, pool: readonly string[], perArticle: number): string => {
    const n = decks.get(name) ?? 0;
    decks.set(name, n + 1);
    const start = hash32(`${name} ${brief.subject.the}`) + brief.turn * perArticle;
    return pool[(start + n) % pool.length] as string;
  };
  const plan = kinds[kind].plan.map((paragraph) => [...paragraph]);
  if (second) plan.splice(plan.length - 2, 0, ['bridge', 'aside']);
  const count = (part: Part): number => plan.flat().filter((p) => p === part).length;
  const facts = factsFor(brief, count('fact'));
  const voice = inPassing(slots, brief.subject);
  const drawn = (part: Part, pool: readonly string[]): string => filled(draw(part, pool, count(part)), voice);
  const introduced = lead.toLowerCase().includes(brief.subject.gist.toLowerCase());
  const { prose } = topic;
  const { facts: five, steps } = brief.subject;
  const sentence = (part: Part): string => {
    switch (part) {
      case 'scene': return drawn(part, prose.scenes);
      case 'texture': return drawn(part, prose.textures);
      case 'counsel': return drawn(part, prose.counsel);
      case 'doubt': return drawn(part, prose.doubts);
      case 'quote': return drawn(part, prose.quotes);
      case 'ending': return drawn(part, prose.endings);
      case 'gist': return drawn(part, introduced ? acquaintances : introductions);
      case 'opening': return drawn(part, kinds[kind].openings);
      case 'turn': return drawn(part, kinds[kind].turns);
      case 'bridge': return second ? filled(draw(`bridge ${second.id}`, second.prose.bridges, 1), voice) : '';
      case 'aside': return second ? filled(brief.random.pick(asides), (slot) => (slot === 'topic' ? second.name.toLowerCase() : voice(slot))) : '';
      case 'fact': return facts.shift() ?? '';
      case 'first': return `First, ${uncapitalised(steps[0])}`;
      case 'then': return `Then ${uncapitalised(steps[1])}`;
      case 'last': return `Finally, ${uncapitalised(steps[2])}`;
      case 'one': return `One. ${five[0]}`;
      case 'two': return `Two. ${five[1]}`;
      case 'three': return `Three. ${five[2]}`;
      case 'four': return `Four. ${five[3]}`;
      case 'five': return `Five. ${five[4]}`;
    }
  };
  return plan.map((paragraph) => paragraph.map(sentence).join(' '));
}

/** What follows a bridge to another topic. */
const asides = [
  'There is more {topic} in {the} than one would think, and {who} was not surprised that we saw it.',
  'It may be a coincidence; {who} has an old interest in {topic}, and sees it everywhere, in {the} too.',
  '{Other}, who knows something about {topic}, looked at {the} for a while and nodded.',
  'That is the sort of thing one hears at {place}, where {topic} and {the} share a table.',
  'We wrote it down beside {the}, on the page that we keep for {topic}.',
] as const;

/** Some of the five facts, in their own order; the next article on the subject begins with others. */
function factsFor(brief: Brief, n: number): string[] {
  const { facts } = brief.subject;
  const start = hash32(brief.subject.the) + brief.turn * 3;
  const chosen = new Set(Array.from({ length: n }, (_, i) => (start + i) % facts.length));
  return facts.filter((_, i) => chosen.has(i));
}

function dateOf(item: WorldItem, random: Random): string {
  const { year, day = 0 } = item;
  if (!Number.isInteger(day) || day < 0) throw new RangeError(`item ${item.id}: day ${day} is not a whole number of days`);
  if (year !== undefined && !Number.isInteger(year)) throw new RangeError(`item ${item.id}: year ${year} is not a whole number`);
  const drawn = random.below(365);
  const time = day > 0 || year === undefined || year >= 2024 ? firstDay + day * dayMs : Date.UTC(year, 0, 1) + drawn * dayMs;
  return new Date(time).toISOString().slice(0, 10);
}
