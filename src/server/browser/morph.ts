/**
 * Puts a newer page in the place of an older one, changing only what differs: elements with the same `data-key` or `id`
 * are the same, others by their order. What a person is doing is left alone: a form that holds something written or has
 * the focus, and what they opened or closed. `data-say` is what is read out when it is new.
 */
/// <reference lib="dom" />
/// <reference lib="dom.iterable" />

export function morph(now: Element, then: Element, said: string[]): void {
  if (now.isEqualNode(then) || isUnit(now, then)) return
  const before = now.getAttribute('data-say')
  copyAttributes(now, then)
  const after = now.getAttribute('data-say')
  if (after && after !== before) said.push(after)
  const keyed = new Map([...now.children].flatMap((child) => (keyOf(child) ? [[keyOf(child), child] as const] : [])))
  let place: ChildNode | null = now.firstChild
  for (const wanted of [...then.childNodes]) {
    const key = keyOf(wanted)
    const found = key ? keyed.get(key) : nextLike(place, wanted)
    if (found && found.nodeName === wanted.nodeName) {
      if (found === place) place = found.nextSibling
      // Moving an element takes the focus from what is in it: what is in use stays where it is.
      else if (!isInUse(found)) now.insertBefore(found, place)
      if (found instanceof Element) morph(found, wanted as Element, said)
      else if (found.nodeValue !== wanted.nodeValue) found.nodeValue = wanted.nodeValue
    } else {
      const added = document.importNode(wanted, true)
      now.insertBefore(added, place)
      if (added instanceof Element) say(added, said)
    }
  }
  const kept = new Set<string | undefined>([...then.children].map(keyOf))
  while (place) {
    const next: ChildNode | null = place.nextSibling
    const isKept =
      place instanceof Element && (isInUse(place) || (keyOf(place) !== undefined && kept.has(keyOf(place))))
    if (!isKept) place.remove()
    place = next
  }
}

function keyOf(node: Node): string | undefined {
  if (!(node instanceof Element)) return undefined
  return node.getAttribute('data-key') ?? (node.id || undefined)
}

/** From a place on, the first node without a key that is of the kind that is wanted; what is passed over goes later. */
function nextLike(place: ChildNode | null, wanted: Node): ChildNode | undefined {
  for (let node = place; node; node = node.nextSibling)
    if (node.nodeName === wanted.nodeName && keyOf(node) === undefined && isSameForm(node, wanted)) return node
  return undefined
}

function isSameForm(one: Node, other: Node): boolean {
  return !(one instanceof HTMLFormElement) || one.getAttribute('action') === (other as Element).getAttribute('action')
}

/** Whether an element is taken as one piece that is not to be touched now. */
function isUnit(now: Element, then: Element): boolean {
  if (now.hasAttribute('data-ends-in') || now.hasAttribute('data-offline')) return true
  return (now.matches('form, [data-drafts]') || then.matches('form, [data-drafts]')) && isInUse(now)
}

function isInUse(element: Node): boolean {
  if (!(element instanceof Element)) return false
  const fields = element.matches('input, textarea, select')
    ? [element]
    : [...element.querySelectorAll('input, textarea, select')]
  return fields.some((field) => {
    if (field instanceof HTMLInputElement && field.type === 'hidden') return false
    if (field === document.activeElement) return true
    if (field instanceof HTMLSelectElement)
      return [...field.options].some((one) => one.selected !== one.defaultSelected)
    if (field instanceof HTMLInputElement)
      return field.value !== field.defaultValue || field.checked !== field.defaultChecked
    return field instanceof HTMLTextAreaElement && field.value !== field.defaultValue
  })
}

function copyAttributes(now: Element, then: Element): void {
  for (const { name } of [...now.attributes])
    if (
      !then.hasAttribute(name) &&
      !(name === 'open' && now instanceof HTMLDetailsElement) &&
      name !== 'data-following'
    )
      now.removeAttribute(name)
  for (const { name, value } of [...then.attributes])
    if (now.getAttribute(name) !== value) now.setAttribute(name, value)
}

function say(added: Element, said: string[]): void {
  for (const one of [added, ...added.querySelectorAll('[data-say]')]) {
    const words = one.getAttribute('data-say')
    if (words) said.push(words)
  }
}
