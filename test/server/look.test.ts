/** The look: legible in light and dark, light to load, kept for a year; and what a reader chooses is kept. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { stylesheet } from '../../src/server/look/stylesheet.ts'
import { colours, themes, type Colour } from '../../src/server/look/tokens.ts'
import { browserOf, openPortalWorld, type PortalWorld } from './world.ts'

/** WCAG 2.2: relative luminance, and the contrast of two. */
function luminance(hex: string): number {
  const [r, g, b] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(hex.slice(at, at + 2), 16) / 255
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
  }) as [number, number, number]
  return 0.2126 * r + 0.7152 * g + 0.0722 * b
}
function contrast(a: string, b: string): number {
  const [light, dark] = [luminance(a), luminance(b)].toSorted((x, y) => y - x) as [number, number]
  return (light + 0.05) / (dark + 0.05)
}

const grounds = ['paper', 'card', 'sunk', 'actTint', 'goodTint', 'warnTint', 'badTint'] as const
/** Which colour is written on which ground. */
const written: readonly (readonly [Colour, readonly Colour[]])[] = [
  ['ink', grounds],
  ['soft', ['paper', 'card', 'sunk', 'actTint']],
  ['act', ['paper', 'card', 'sunk', 'actTint']],
  ['actOver', ['paper', 'card', 'actTint']],
  ['onAct', ['act', 'actOver']],
  ['good', ['goodTint', 'card', 'paper']],
  ['warn', ['warnTint', 'card', 'paper']],
  ['bad', ['badTint', 'card', 'paper']],
  ['card', ['good', 'bad']],
]
describe.each(themes)('in %s', (theme) => {
  const of = colours[theme]
  it.each(written.flatMap(([text, on]) => on.map((ground) => [text, ground] as const)))(
    '%s is legible on %s (4.5)',
    (text, ground) => expect(contrast(of[text], of[ground])).toBeGreaterThanOrEqual(4.5),
  )
  it.each(['paper', 'card'] as const)('the edge of a control is seen on %s (3)', (ground) => {
    expect(contrast(of.edge, of[ground])).toBeGreaterThanOrEqual(3)
    expect(contrast(of.act, of[ground])).toBeGreaterThanOrEqual(3)
  })
})
it('black on white is 21, so that the measure is the known one', () => {
  expect(contrast('#000000', '#ffffff')).toBeCloseTo(21)
  expect(contrast('#777777', '#ffffff')).toBeCloseTo(4.48, 1)
})

it('the stylesheet uses only what there is, and reaches nowhere else', () => {
  const used = [...stylesheet.text.matchAll(/var\(--([\w-]+)\)/g)].map((one) => one[1]!)
  const defined = new Set([...stylesheet.text.matchAll(/--([\w-]+):/g)].map((one) => one[1]!))
  expect(used.filter((name) => !defined.has(name))).toEqual([])
  expect(stylesheet.text).not.toMatch(/url\(|@import|@font-face/)
})

describe('a reader', () => {
  let world: PortalWorld
  beforeAll(async () => {
    world = await openPortalWorld()
  })
  afterAll(() => world.close())
  const langOf = (text: string): string | undefined => /<html lang="(\w+)"/.exec(text)?.[1]

  it.each(['/', '/appointments', '/messages', '/plan', '/contact', '/settings', '/password'])(
    '%s and all that it needs come in less than 60 KB as it is sent; scripts and styles are packed, what holds a person’s data is not (BREACH)',
    async (path) => {
      const packs = { 'accept-encoding': 'gzip, br' }
      const { text, headers } = await (await world.signedIn('ann')).get(path, packs)
      expect(headers.get('content-encoding')).toBeNull()
      const parts = [...text.matchAll(/<(?:script|img)[^>]*src="([^"]+)"|<link[^>]*href="([^"]+)"/g)].map((one) => one[1] ?? one[2]!) // prettier-ignore
      expect(parts).toContain(stylesheet.path)
      let bytes = Buffer.byteLength(text)
      for (const part of parts) {
        const incoming = { headers: packs, socket: { remoteAddress: '203.0.113.7' } }
        const answer = await world.app.request(part, { headers: packs }, { incoming })
        expect(answer.headers.get('content-encoding')).toBe('br')
        bytes += (await answer.arrayBuffer()).byteLength
      }
      expect(bytes).toBeGreaterThan(1_000)
      expect(bytes).toBeLessThan(60_000)
    },
  )
  it('gets the stylesheet once a year, at an address that changes with it', async () => {
    const { status, headers } = await browserOf(world.app).get(stylesheet.path)
    expect(status).toBe(200)
    expect(headers.get('cache-control')).toBe('public, max-age=31536000, immutable')
    expect(headers.get('content-type')).toBe('text/css; charset=utf-8')
  })
  it('who is not known reads in the language that the browser asks for, until another is chosen', async () => {
    const guest = browserOf(world.app)
    const asks = { 'accept-language': 'es-MX,es;q=0.9' }
    expect(langOf((await guest.get('/sign-in', asks)).text)).toBe('es')
    const back = await guest.submit('/sign-in', '/preferences', { language: 'en' })
    expect(back.headers.get('location')).toBe('/sign-in')
    expect(langOf((await guest.get('/sign-in', asks)).text)).toBe('en')
  })
  it('a patient reads in the language on file, and what the account chose stands before it, on another browser too', async () => {
    const { replica, patient } = world.known['ben']!
    await replica.change([
      { collection: 'patients', key: patient, at: world.clock.now(), set: { language: 'Spanish' } },
    ])
    const phone = await world.signedIn('ben')
    expect(langOf((await phone.get('/', { 'accept-language': 'en' })).text)).toBe('es')
    await phone.submit('/', '/preferences', { language: 'en' })
    expect(langOf((await phone.get('/')).text)).toBe('en')
    const desk = browserOf(world.app)
    for (const [name, value] of phone.cookies) if (name !== 'language') desk.cookies.set(name, value)
    expect(langOf((await desk.get('/', { 'accept-language': 'es' })).text)).toBe('en')
  })
  it('chooses light or dark for this browser, or what the system has', async () => {
    const guest = browserOf(world.app)
    expect((await guest.get('/sign-in')).text).not.toContain('data-theme')
    await guest.submit('/sign-in', '/preferences', { theme: 'dark' })
    expect((await guest.get('/sign-in')).text).toContain('data-theme="dark"')
    await guest.submit('/sign-in', '/preferences', { theme: 'auto' })
    expect((await guest.get('/sign-in')).text).not.toContain('data-theme')
  })
  it.each(['https://elsewhere.example/', '//elsewhere.example/', '/\\elsewhere.example', 'javascript:alert(1)', 'http://[', '/..//elsewhere.example'])(
    'is never sent elsewhere by a choice: %s',
    async (back) => {
      const { headers } = await browserOf(world.app).post('/preferences', { theme: 'dark', back })
      expect(headers.get('location')).toBe('/')
    },
  ) // prettier-ignore
  it('a choice that is none changes nothing', async () => {
    const guest = browserOf(world.app)
    expect((await guest.post('/preferences', { language: 'xx', theme: 'pink' })).status).toBe(303)
    expect([...guest.cookies.keys()]).toEqual([])
  })
})
