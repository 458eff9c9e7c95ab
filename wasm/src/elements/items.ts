// The items of a list that is not in the page: a JSON file of the site, and the template that each of
// them fills. Whatever the file says stays data: text is text, and a URL leads to the web.

/** An entry of the file: its id, and what the template asks for by name. */
export interface ListItem {
  readonly id: string;
  readonly [field: string]: unknown;
}

const longestId = 256;

/** Throws what is wrong, by its place in the file. */
export function readItems(value: unknown): readonly ListItem[] {
  if (!Array.isArray(value)) throw new TypeError('items: not an array');
  const ids = new Set<string>();
  return value.map((entry: unknown, index) => {
    const id: unknown =
      typeof entry === 'object' && entry !== null && 'id' in entry ? entry.id : undefined;
    if (typeof id !== 'string' || id === '' || new TextEncoder().encode(id).length > longestId)
      throw new TypeError(`items[${index}].id: a string of 1 to ${longestId} bytes is needed`);
    if (ids.has(id)) throw new RangeError(`items[${index}].id: "${id}" was there before`);
    ids.add(id);
    return entry as ListItem;
  });
}

/** `value` as an absolute URL of http or https; null for anything else. */
export function webUrl(value: unknown, base: string): string | null {
  if (typeof value !== 'string' || !URL.canParse(value, base)) return null;
  const { protocol, href } = new URL(value, base);
  return protocol === 'http:' || protocol === 'https:' ? href : null;
}

function textOf(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}

/** What a template may ask for, and of which elements: data-href="url" sets the link of `a`. */
const slots: readonly { name: 'text' | 'href' | 'src' | 'alt'; of: string; isUrl?: true }[] = [
  { name: 'text', of: '*' },
  { name: 'href', of: 'a, area', isUrl: true },
  { name: 'src', of: 'img, source, video, audio', isUrl: true },
  { name: 'alt', of: 'img, area' },
];

/** A copy of the template's one element, filled, with data-sotto-item. `refused` hears of each URL
 * that is none of http or https; its attribute is left out. */
export function fillTemplate(template: HTMLTemplateElement, item: ListItem,
  refused: (error: TypeError) => void): HTMLElement {
  const root = template.content.firstElementChild;
  if (!root || root.nextElementSibling)
    throw new TypeError('template: exactly one element is needed');
  const card = template.ownerDocument.importNode(root, true) as HTMLElement;
  for (const { name, of, isUrl } of slots) {
    for (const element of [card, ...card.querySelectorAll<HTMLElement>(`[data-${name}]`)]) {
      const field = element.dataset[name];
      if (field === undefined || !element.matches(of)) continue;
      const value = item[field];
      if (name === 'text') {
        element.textContent = textOf(value);
      } else if (!isUrl) {
        element.setAttribute(name, textOf(value));
      } else if (value !== undefined && value !== null) {
        const url = webUrl(value, template.baseURI);
        if (url) element.setAttribute(name, url);
        else refused(new TypeError(`items: "${item.id}".${field}: not a URL of http or https`));
      }
    }
  }
  card.dataset.sottoItem = item.id;
  return card;
}
