/**
 * What the look is made of: colours in light and in dark, space, type. Every text colour is legible on every ground that
 * it is used on (WCAG 1.4.3), every edge of a control is seen (1.4.11); a test computes both from this file.
 */

export const themes = ['light', 'dark'] as const
export type Theme = (typeof themes)[number]

const light = {
  /** The ground of a page, of what lies on it, and of what is set back. */
  paper: '#f5f6f3',
  card: '#ffffff',
  sunk: '#edf0ec',
  ink: '#16262b',
  soft: '#4b5d63',
  /** A line that only divides; an edge that shows where a control is. */
  line: '#dde2de',
  edge: '#74868b',
  act: '#0a5a63',
  actOver: '#07434a',
  onAct: '#ffffff',
  actTint: '#e1f0ef',
  good: '#176039',
  goodTint: '#e2f3e8',
  warn: '#7d4300',
  warnTint: '#fdf0da',
  bad: '#9b2226',
  badTint: '#fbe9e8',
}
export type Colour = keyof typeof light

const dark: Readonly<Record<Colour, string>> = {
  paper: '#0e1618',
  card: '#162023',
  sunk: '#111a1d',
  ink: '#e9eff0',
  soft: '#aebdc2',
  line: '#2a383c',
  edge: '#73868d',
  act: '#7fd2d3',
  actOver: '#a6e4e4',
  onAct: '#05282b',
  actTint: '#12343a',
  good: '#8bdcad',
  goodTint: '#12331f',
  warn: '#f2bd76',
  warnTint: '#382810',
  bad: '#f6a9a5',
  badTint: '#3d1d1f',
}

export const colours: Readonly<Record<Theme, Readonly<Record<Colour, string>>>> = { light, dark }

/** Space and type in rem, so that a reader's own size of text scales both. */
export const sizes = {
  's-1': '.25rem',
  's-2': '.5rem',
  's-3': '.75rem',
  's-4': '1rem',
  's-5': '1.5rem',
  's-6': '2.5rem',
  'text-small': '.875rem',
  text: '1rem',
  'text-lead': '1.1875rem',
  'text-big': '1.375rem',
  'text-title': '1.75rem',
  round: '.875rem',
  'round-small': '.625rem',
  /** What a finger hits (WCAG 2.5.8 asks for 24 px). */
  touch: '2.75rem',
} as const

/** The tokens as custom properties of CSS. */
export function properties(theme: Theme): string {
  return Object.entries(colours[theme]).map(([name, value]) => `--${name}:${value}`).join(';') // prettier-ignore
}
