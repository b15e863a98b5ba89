/**
 * The one stylesheet of every page. Its address holds a hash of what it says, so that browsers keep it for a year and a
 * new one is a new address. Light and dark follow the reader's system, or what they chose.
 */
import { createHash } from 'node:crypto'
import type { Handler } from 'hono'
import { packed } from '../packed.ts'
import { componentRules } from './component-rules.ts'
import { deskRules } from './desk-rules.ts'
import { frameRules } from './frame-rules.ts'
import { properties, sizes } from './tokens.ts'

const sizeProperties = Object.entries(sizes).map(([name, value]) => `--${name}:${value}`).join(';') // prettier-ignore
const rules = `
:root{color-scheme:light;${sizeProperties};${properties('light')}}
@media (prefers-color-scheme:dark){:root:not([data-theme=light]){color-scheme:dark;${properties('dark')}}}
:root[data-theme=dark]{color-scheme:dark;${properties('dark')}}
${frameRules}
${componentRules}
${deskRules}`

/** What browsers get, and where. */
export const stylesheet = {
  text: rules.replaceAll(/\n\s*/g, '\n').trim(),
  path: `/look/${createHash('sha256').update(rules).digest('base64url').slice(0, 12)}.css`,
} as const

/** Answers the address of the stylesheet. */
export const serveStylesheet: Handler = packed(() => stylesheet.text, 'text/css; charset=utf-8')
