// The topics' colours as custom properties: `.topic-jazz` sets what its covers and labels use.
import { palettes } from '../../magazine/palettes';
import { topicIds, type Theme, type TopicId } from '../../magazine/topic';

const rule = (selector: string, topic: TopicId, theme: Theme): string =>
  `${selector}{${Object.entries(palettes[topic][theme]).map(([name, hex]) => `--cover-${name}:${hex}`).join(';')}}`;

/** Once a page. A constructed sheet, which a strict policy lets a script make. */
export function adoptCoverColours(): void {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(topicIds.flatMap((topic) => [
    rule(`.topic-${topic}`, topic, 'light'), rule(`[data-theme=dark] .topic-${topic}`, topic, 'dark'),
  ]).join('\n'));
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
}
