/** Preferences > Synchronization: what each key takes, and that a wrong value changes nothing. */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import {
  changed,
  isLocal,
  preferenceKeys,
  preferencesOf,
  shown,
  textsOf,
  type Texts,
} from '../../src/mirror/preferences.ts'

const set = (texts: Texts, ...pairs: readonly (readonly [string, string])[]): Texts =>
  pairs.reduce((held, [key, value]) => changed(held, key, value).texts, texts)

it('every default is a value that its key takes', () => {
  for (const key of preferenceKeys)
    expect(changed({}, key, key === 'proxy.password' ? '' : shown({}, key)).key).toBe(key)
  expect(preferencesOf({}).timing).toMatchObject({ mode: 'continuous', fastLane: true, quietHours: null })
})

it('what is set is what is read, however people write it', () => {
  const texts = set(
    {},
    ['timing.mode', 'interval'],
    ['timing.everyMinutes', ' 20 '],
    ['timing.days', 'mon, We,friday'],
    ['timing.quietHours', '22:00 - 06:30'],
    ['timing.fastLane', 'off'],
    ['timing.fullSyncDays', 'every day'],
    ['backup.windows', 'Sunday 02:00 90, sat 23:30 60'],
    ['proxy.address', 'http://proxy.example:3128'],
    ['proxy.bypass', '.example.org, 10.0.0.5'],
  )
  const { timing, backup, proxy } = preferencesOf(texts)
  expect(timing).toMatchObject({ mode: 'interval', everyMinutes: 20, days: ['Monday', 'Wednesday', 'Friday'], fastLane: false }) // prettier-ignore
  expect(timing.quietHours).toEqual({ from: '22:00', until: '06:30' })
  expect(timing.fullSyncDays).toHaveLength(7)
  expect(backup.windows).toEqual([
    { day: 'Sunday', start: '02:00', minutes: 90 },
    { day: 'Saturday', start: '23:30', minutes: 60 },
  ])
  expect(proxy).toMatchObject({ address: 'http://proxy.example:3128', bypass: ['.example.org', '10.0.0.5'] })
  // What is local never gets into what replicates.
  expect(Object.keys(textsOf(texts)).some((key) => key.startsWith('proxy.'))).toBe(false)
  expect(preferenceKeys.filter(isLocal).every((key) => key.startsWith('proxy.'))).toBe(true)
})

it.each([
  ['timing.mode', 'sometimes', /^timing\.mode cannot be “sometimes”: it takes continuous, interval or by hand\. Nothing was changed\.$/], // prettier-ignore
  ['timing.everyMinutes', '0', /it takes a whole number from 1 to 1440/],
  ['timing.everyMinutes', '-5', /a whole number/],
  ['timing.everyMinutes', '1e3', /a whole number/],
  ['timing.days', 'Monday, Someday', /weekdays parted by commas/],
  ['timing.days', 'S', /weekdays/],
  ['timing.quietHours', '22:00-22:00', /two times of day/],
  ['timing.quietHours', '22:00', /two times of day/],
  ['timing.quietHours', '24:00-06:00', /two times of day/],
  ['timing.fullSyncAt', '3 am', /a time of day/],
  ['timing.fastLane', 'yes', /on or off/],
  ['backup.windows', 'Sunday 02:00', /each a weekday, a time of day/],
  ['backup.windows', 'Sunday 02:00 4', /from 5 to 720 minutes/],
  ['backup.windows', 'Sunday 02:00 180', /lasts 180 minutes, and backup\.mostMinutes allows 120/],
  ['proxy.address', 'proxy.example', /an address like http:/],
  ['proxy.address', 'http://user:secret@proxy.example:3128', /without user and password/],
  ['proxy.password', 'seven violet kettles', /^proxy\.password cannot be this value: a proxy’s password needs proxy\.user first/], // prettier-ignore
  ['proxy.ca', 'not a certificate', /certificate in PEM/],
  ['timing.speed', 'fast', /There is no preference timing\.speed/],
  ['__proto__', 'x', /There is no preference/],
])('%s set to %s is refused with a sentence that names it and what is allowed', (key, value, sentence) => {
  expect(() => changed({}, key, value)).toThrow(sentence)
})

it('windows that leave no time between them are refused', () => {
  const most = set({}, ['backup.mostMinutes', '720'])
  const days = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday']
  const all = days.flatMap((day) => [`${day} 00:00 720`, `${day} 12:00 720`]).join(', ')
  expect(() => changed(most, 'backup.windows', all)).toThrow(/for more than a day on end/)
})

it('any text is taken or refused with a sentence, and what is kept can always be read', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...preferenceKeys),
      fc.oneof(fc.string(), fc.constantFrom('none', '', '10', 'Sunday', 'on', '03:00')),
      (key, value) => {
        // prettier-ignore
        try {
        const { texts } = changed({}, key, value)
        expect(preferencesOf(texts)).toBeDefined()
        expect(shown(texts, key)).toBe(key === 'proxy.password' && texts[key] !== '' ? '(set)' : texts[key])
      } catch (error) {
        expect((error as Error).message).toMatch(/Nothing was changed\.$/)
      }
        expect(preferencesOf({ [key]: value })).toBeDefined()
      },
    ),
  )
})
