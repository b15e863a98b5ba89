/** The few pictures of the pages, drawn in the colour of the text beside them. Each stands beside words that say the same, so screen readers skip it. */
import { html, raw } from 'hono/html'
import type { Html } from './html.ts'

const paths = {
  phone: '<path d="M6 3h3l2 5-2.5 1.5a11 11 0 0 0 6 6L16 13l5 2v3a3 3 0 0 1-3 3A15 15 0 0 1 3 6a3 3 0 0 1 3-3z"/>',
  check: '<path d="M5 12.5l4.5 4.5L19 7.5"/>',
  good: '<circle cx="12" cy="12" r="9"/><path d="M8 12.5l3 3 5-6"/>',
  info: '<circle cx="12" cy="12" r="9"/><path d="M12 11v5M12 7.5v.5"/>',
  warn: '<path d="M12 4l9 16H3z"/><path d="M12 10v4.5M12 17v.3"/>',
  bad: '<circle cx="12" cy="12" r="9"/><path d="M9 9l6 6M15 9l-6 6"/>',
  cross: '<path d="M7 7l10 10M17 7L7 17"/>',
  wait: '<circle cx="12" cy="12" r="9"/><path d="M12 7v5l3 2"/>',
  dot: '<circle cx="12" cy="12" r="4"/>',
  mail: '<rect x="3" y="5" width="18" height="14" rx="2.5"/><path d="M4 7.5l8 6 8-6"/>',
  calendar: '<rect x="3.5" y="5" width="17" height="15.5" rx="2.5"/><path d="M3.5 10h17M8 3v4M16 3v4"/>',
  back: '<path d="M14.500 6L8.500 12l6 6"/>',
  forward: '<path d="M9.500 6l6 6-6 6"/>',
  people: '<circle cx="9" cy="8.500" r="3.500"/><path d="M3 20a6 6 0 0 1 12 0M16 5.500a3.500 3.500 0 0 1 0 6.500M17.500 14.500A6 6 0 0 1 21 20"/>',
  home: '<path d="M4 11l8-7 8 7v8.500a1.500 1.500 0 0 1-1.500 1.500h-13A1.500 1.500 0 0 1 4 19.500z"/><path d="M9.500 21v-6h5v6"/>',
  gear: '<path d="M4 7h9M17 7h3M4 17h3M11 17h9"/><circle cx="15" cy="7" r="2"/><circle cx="9" cy="17" r="2"/>',
  key: '<circle cx="8" cy="15" r="4"/><path d="M11 12l8.500-8.500M16 7l3 3"/>',
  place: '<path d="M12 21c-4-4.5-6.5-7.5-6.5-11a6.5 6.5 0 0 1 13 0c0 3.500-2.500 6.500-6.500 11z"/><circle cx="12" cy="10" r="2.200"/>',
  money: '<rect x="3" y="6" width="18" height="12" rx="2.5"/><path d="M3 10h18M7 14.500h3"/>',
  list: '<path d="M9 6h11M9 12h11M9 18h11M4.500 6h.01M4.500 12h.01M4.500 18h.01"/>',
} // prettier-ignore
export type Icon = keyof typeof paths

export function icon(name: Icon): Html {
  return html`<svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">${raw(paths[name])}</svg>`
}
