/** The sixteen topics of the magazine, in the order of the world's tags. */
import { topicIds, type Topic, type TopicId } from './topic.js';
import { astronomy } from './topics/astronomy.js';
import { birds } from './topics/birds.js';
import { chess } from './topics/chess.js';
import { cooking } from './topics/cooking.js';
import { cycling } from './topics/cycling.js';
import { gardening } from './topics/gardening.js';
import { history } from './topics/history.js';
import { jazz } from './topics/jazz.js';
import { mountains } from './topics/mountains.js';
import { mystery } from './topics/mystery.js';
import { ocean } from './topics/ocean.js';
import { painting } from './topics/painting.js';
import { robots } from './topics/robots.js';
import { sailing } from './topics/sailing.js';
import { theatre } from './topics/theatre.js';
import { trains } from './topics/trains.js';

export const topicById: Readonly<Record<TopicId, Topic>> = {
  gardening, astronomy, sailing, cooking, cycling, history, jazz, mountains,
  robots, mystery, painting, chess, birds, trains, theatre, ocean,
};

export const topics: readonly Topic[] = topicIds.map((id) => topicById[id]);

export function isTopicId(tag: string): tag is TopicId {
  return Object.hasOwn(topicById, tag);
}
