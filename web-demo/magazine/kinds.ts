/**
 * The eight kinds of pieces. A kind follows from the item's style tag and decides the structure: which
 * sentences, in which order. A plan is a list of paragraphs, a paragraph a list of parts.
 */

export const kindIds = ['list', 'notes', 'essay', 'history', 'how-to', 'question', 'guide', 'portrait'] as const;
export type Kind = (typeof kindIds)[number];

export type Part =
  | 'scene' | 'texture' | 'fact' | 'counsel' | 'doubt' | 'quote' | 'ending' | 'gist' | 'opening' | 'turn'
  | 'bridge' | 'aside' | 'first' | 'then' | 'last' | 'one' | 'two' | 'three' | 'four' | 'five';

export interface KindOfPiece {
  readonly id: Kind;
  readonly name: string;
  /** The world's style tag that becomes this kind. */
  readonly style: string;
  readonly titles: readonly string[];
  /** Titles are taken in their order, the best first, and not by chance. */
  readonly ordered?: true;
  readonly leads: readonly string[];
  /** The first sentence that is the kind's own, and the later ones. */
  readonly openings: readonly string[];
  readonly turns: readonly string[];
  readonly plan: readonly (readonly Part[])[];
}

/** How a subject is introduced; {gist} may be a phrase or a clause, so it stands behind a colon. */
export const introductions = [
  'In short: {gist}. At {place} they would leave it at that.',
  '{Who} has a definition ready: {gist}.',
  'As they put it at {place}, when strangers ask: {gist}.',
  'Somebody at {place} once described {the} like this: {gist}.',
  '{Gist}: so {the} was explained to us, and we have not found a better way.',
  'The shortest description that we heard came from {other}: {gist}.',
  '{The}, for those who have never been to {place}: {gist}.',
] as const;

/** What stands in its place where the lead has said it already. */
export const acquaintances = [
  'So much for the description; {the} has to be met, and {place} is a good place for it.',
  'Whoever has once taken notice of {the} will know it again, at {place} or anywhere.',
  'Of its kind, {the} at {place} is neither the first nor the finest; it is merely looked after.',
  'Most people know {the} by name, they say at {place}, and few by acquaintance.',
  'A stranger at {place} would hardly look twice at {the}, and would be wrong.',
  '{Who} has given up describing {the}; one has to be there, and to have an hour.',
] as const;

export const kinds: Readonly<Record<Kind, KindOfPiece>> = {
  list: {
    id: 'list', name: 'List', style: 'playful',
    titles: ['Five notes on {the}', 'Five things {the} taught us', 'Five small truths about {the}', 'Five reasons to look at {the} again', '{The}, counted on one hand', 'Five things they know about {the} in {place}', '{The} in five lines', 'What to notice about {the}'],
    leads: [
      '{Gist}: five things worth knowing, collected {moment} at {place}.',
      'We asked at {site} what one should know about {the}. There were more than five answers; these are the ones that agreed.',
      'A short count of {the}, made at {place} and open to correction.',
      'Five, because a hand has five fingers and {who} had only one hand free. On {the}, from {place}.',
    ],
    openings: ['Here, then, is what {place} knows about {the}, in no order but the order in which it was told.', 'We numbered what we heard about {the}, since {who} talks in circles.', 'Of all that was said at {site} about {the}, five things survived the journey home.'],
    turns: [],
    plan: [['scene', 'texture', 'opening'], ['one', 'counsel'], ['two', 'texture'], ['three', 'quote'], ['four', 'doubt'], ['five', 'quote'], ['ending']],
  },
  notes: {
    id: 'notes', name: 'Field notes', style: 'dark',
    titles: ['{Place}, {moment}', '{Hook0}: notes from {place}', 'Notes on {the}, {moment}', '{Hook1}, seen from {place}', 'Field notes: {the}', 'Waiting for {the} at {place}'],
    leads: [
      'Field notes from {site}, {moment}: cold fingers, bad light, and {the}.',
      'Written down at {place} on the spot, with all that this does to handwriting. The subject was {the}.',
      'What one sees of {the} at {site} when the visitors have gone.',
      '{Gist}. From a notebook kept {moment} at {place}.',
    ],
    openings: ['The rest is from the notebook, in the order in which it was written; {the} comes first.', 'A note for tomorrow, underlined: {the} is never quite where attention is.', 'In the dark at {place} one hears more than one sees, and so it is with {the}.'],
    turns: ['Later the light went, and {the} was easier to think about.', 'For a while nothing happened at {place}, and that too belongs to {the}.', 'It grew colder at {place}, and our sentences about {the} grew shorter.', 'Next page, other pencil: still {place}, still {the}.'],
    plan: [['scene', 'texture'], ['gist', 'fact'], ['opening', 'texture', 'doubt'], ['fact', 'quote'], ['turn', 'fact'], ['texture', 'counsel', 'ending']],
  },
  essay: {
    id: 'essay', name: 'Essay', style: 'gentle', ordered: true,
    titles: ['{Hook0}', '{Hook1}', 'In praise of {the}', 'An afternoon with {the}', 'The company of {the}', 'Thinking about {the}'],
    leads: [
      'On {the}, and why one might be glad of it {moment}.',
      'There are louder things than {the}. An essay from {place}, in its favour.',
      '{Gist}. A few slow thoughts, begun at {site}.',
      'Some things get better by being looked at for a long time. At {place}, {the} is one of them.',
    ],
    openings: ['It would be possible to stop here, with {the} nicely described.', 'Perhaps one should say what {the} is not: it is not a metaphor.', 'It took a second visit to {place} before {the} seemed simple.', 'So far {the} could be anywhere; it is at {place}, and that is half of the matter.'],
    turns: ['We have thought about {the} more than once since {place}.', 'There is a kind of attention that {the} teaches without saying so.', 'A thing like {the} asks for little, which is easily mistaken for needing little.', 'Perhaps one likes {the} because it does not try to be liked; at {place} nothing does.'],
    plan: [['scene', 'texture'], ['gist', 'fact', 'fact'], ['opening', 'quote'], ['doubt', 'fact', 'texture'], ['turn', 'counsel'], ['texture', 'ending']],
  },
  history: {
    id: 'history', name: 'Short history', style: 'epic',
    titles: ['A short history of {the}', '{The}, then and now', 'How {the} came to {place}', 'A hundred years of {the}', 'The long story of {the}', '{The}: a history in small steps', 'What {place} owes to {the}', 'Before {the}, and after'],
    leads: [
      'From the first mention, in {year}, to last week: {the}, as {place} remembers it.',
      '{Gist}. How it began, who kept it going, and what has become of it at {place}.',
      'Nobody planned it. The story of {the}, told from {site}.',
      'It is older than the road and younger than the river: {the}, in {place} and elsewhere.',
    ],
    openings: ['The first line that mentions {the} at {place} is dated {year}, and it is a complaint about the cost.', 'In {year} somebody at {place} made a drawing of {the}, and got it nearly right.', 'Nobody at {place} noted when it began with {the}; by {year} it was taken for granted.', 'A letter from {place}, of {year}, mentions {the} between the price of coal and a christening.'],
    turns: ['For two generations {the} was so ordinary at {place} that nobody wrote about it.', 'Thirty years later there were people in {place} who thought that {the} had seen its best days.', 'A photograph from between the wars shows three people at {place}, proud and blurred; behind them, in focus, is {the}.', 'What has changed about {the} since {year} would fit on a postcard from {place}.', 'Then, as happens in places like {place}, {the} was forgotten for a while by everyone but three people.', 'Since {year} the reasons for {the} have changed several times at {place}, and the thing itself hardly at all.'],
    plan: [['scene', 'opening'], ['gist', 'fact', 'fact'], ['turn', 'fact'], ['doubt', 'quote'], ['fact', 'texture'], ['turn', 'counsel'], ['ending']],
  },
  'how-to': {
    id: 'how-to', name: 'How-to', style: 'practical', ordered: true,
    titles: ['How to {task}', 'Learning to {task}', 'A plain way to {task}', 'How to {task}, without hurry'],
    leads: [
      'Three steps, one afternoon, and a word of warning from {place}.',
      'It is less difficult than it looks and takes longer than one thinks. Instructions for {the}, tried out at {site}.',
      'How it is done at {place}, where {the} has been a matter of opinion for as long as anyone remembers.',
      'What you need for {the}: a little time, a dry place, and the advice of {who}.',
    ],
    openings: ['Before you begin with {the}, a word about what it is for.', 'None of this is difficult, but with {the} the order matters.', 'One can read about {the} for a long time; at {site} they prefer to start.'],
    turns: [],
    plan: [['scene', 'gist'], ['opening', 'fact'], ['first', 'counsel'], ['then', 'texture'], ['last', 'quote'], ['doubt', 'fact'], ['texture', 'ending']],
  },
  question: {
    id: 'question', name: 'Question', style: 'scholarly', ordered: true,
    titles: ['{question}', '{question} An answer from {place}', 'A question about {the}', 'What we asked about {the}', '{The}, and why', 'Asking about {the} in {place}'],
    leads: [
      'A child asked it at {site}, and three grown-ups were silent. An attempt at an answer about {the}.',
      '{Gist}. The question behind it is older than {place}, and the answer is not quite finished.',
      'The short answer is in the second paragraph. The long one took us to {place}, {moment}, to see {the}.',
      'We put a simple question about {the} to {who} and to {other}, at {place}, and got one and a half answers.',
    ],
    openings: ['The short answer begins here, and at {place} they give it like this.', 'The short answer, as {who} gives it, does without the word “because”. It is about {the}, and goes so.', 'To answer the question about {the}, one has to begin a little further off.', 'Part of the answer was known at {place} before anybody had put the question about {the}.'],
    turns: ['So much is known about {the}; what follows is likely.', 'The question about {the} has a second half, which {other} asked on the way out.', 'One must be careful at this point, for {the} has misled better people than us.', 'The longer answer takes in more than {the}, and more than {place}.'],
    plan: [['scene', 'texture', 'quote'], ['opening', 'fact', 'fact'], ['gist', 'texture'], ['turn', 'fact'], ['doubt', 'fact', 'quote'], ['counsel', 'ending']],
  },
  guide: {
    id: 'guide', name: 'Quick guide', style: 'fast',
    titles: ['{The} in ten minutes', 'A quick guide to {the}', '{The}, briefly', 'First steps with {the}', 'The least you need to know about {the}', 'Ten minutes with {the} at {place}', '{The} for the impatient', '{The}, the short version'],
    leads: [
      'No time? {The} in five paragraphs, from {place}.',
      'The essentials of {the}, as {who} would tell them between two doors.',
      '{Gist}. All that you need in order to begin, and nothing besides.',
      'Read it on the way to {place}: what {the} is, what to do, what to leave alone.',
    ],
    openings: ['If you have only ten minutes for {the}, spend them as they do at {place}.', 'That is the theory of {the}; at {site} the practice has three parts.', 'Three things to do with {the}, then, and {who} would put them in this order.'],
    turns: [],
    plan: [['scene', 'gist'], ['fact', 'fact'], ['opening', 'first', 'then', 'last'], ['counsel', 'quote', 'doubt'], ['texture', 'ending']],
  },
  portrait: {
    id: 'portrait', name: 'Portrait', style: 'romantic', ordered: true,
    titles: ['{Hook1}', 'Portrait of {a}', '{Hook0}', '{The} at {place}', 'Meeting {the}', 'A love letter to {the}'],
    leads: [
      'A portrait of a thing: {the} at {site}, seen {moment}.',
      '{Gist}. Somebody at {place} has been fond of it for thirty years.',
      'Portraits are usually of people. This one is of {the}, and of the light round it at {place}.',
      'They have lived side by side for a long time, {who} and {the}. A visit to {place}.',
    ],
    openings: ['Seen from close by, {the} has a good side and a better one.', 'One grows fond of {the} by way of its faults, and {who} can list them.', 'There is a moment, known to all at {place}, when {the} is most itself.', 'If {the} had a voice, it would be lower than one expects, they think at {place}.', 'Nobody at {place} would say that they love {the}; they merely notice at once when something is wrong.'],
    turns: [],
    plan: [['scene', 'texture'], ['gist', 'fact'], ['opening', 'fact'], ['quote', 'texture'], ['doubt', 'fact'], ['counsel', 'quote'], ['ending']],
  },
};

export function kindOfStyle(style: string): Kind | undefined {
  return kindIds.find((id) => kinds[id].style === style);
}
