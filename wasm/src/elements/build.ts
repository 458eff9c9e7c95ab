// Elements without markup in strings, which a page's Trusted Types would refuse.

type Part = string | Node;

/** `<tag ...attributes>children</tag>`; an attribute that is true stands without a value, one that
 * is false does not stand. */
export function build<Tag extends keyof HTMLElementTagNameMap>(tag: Tag,
  attributes: Readonly<Record<string, string | boolean>> = {}, ...children: readonly Part[]):
  HTMLElementTagNameMap[Tag] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes))
    if (value !== false) element.setAttribute(name, value === true ? '' : value);
  element.append(...children);
  return element;
}
