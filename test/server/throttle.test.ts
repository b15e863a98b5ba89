/** Tries at a secret, as properties: who waits, how long at most, and for what memory. */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { throttle } from '../../src/server/throttle.ts'
import { heldClock } from './world.ts'

it('nobody waits longer than a minute for a name, whatever strangers at other addresses have tried before', () => {
  const attempt = fc.record({ wait: fc.nat(120_000), address: fc.constantFrom('a', 'b', 'c', 'd'), name: fc.constantFrom('ann', 'ben') }) // prettier-ignore
  fc.assert(
    fc.property(fc.array(attempt, { maxLength: 200 }), (attempts) => {
      const clock = heldClock()
      const tries = throttle(clock)
      for (const { wait, address, name } of attempts) {
        clock.advance(wait)
        tries.take({ name, address })
      }
      clock.advance(60_000)
      expect(tries.take({ name: 'ann', address: 'never seen' })).toBe(0)
    }),
  )
})

it('an address where the person signed in before waits for nobody else', () => {
  const tries = throttle(heldClock())
  for (let i = 0; i < 1_000; i++) tries.take({ name: 'ann', address: `stranger ${i}` })
  expect(tries.take({ name: 'ann', address: 'home', known: true })).toBe(0)
})

it('all together wait a little where very many are wrong', () => {
  const clock = heldClock()
  const tries = throttle(clock)
  let heard = 0
  for (let i = 0; i < 2_000; i++) if (tries.take({ name: `name ${i}`, address: `address ${i}` }) === 0) heard++
  expect(heard).toBe(300)
  clock.advance(4_000)
  expect(tries.take({ name: 'ann', address: 'home' })).toBe(0)
})

it('what is right costs its name nothing, and what is wrong is forgotten in time', () => {
  const clock = heldClock()
  const tries = throttle(clock)
  for (let i = 0; i < 50; i++) {
    expect(tries.take({ name: 'ann', address: 'home' })).toBe(0)
    tries.right({ name: 'ann', address: 'home' })
  }
  for (let i = 0; i < 3; i++) tries.take({ name: 'ben', address: 'home' })
  expect(tries.take({ name: 'ben', address: 'home' })).toBe(1)
  clock.advance(3 * 600_000)
  for (let i = 0; i < 3; i++) expect(tries.take({ name: 'ben', address: 'home' })).toBe(0)
})

it('thirty thousand names take no more memory than twenty thousand', () => {
  const clock = heldClock()
  const tries = throttle(clock)
  for (let i = 0; i < 30_000; i++) {
    clock.advance(100)
    tries.take({ name: `name ${i}`, address: `address ${i}` })
  }
  expect(tries.size()).toBeLessThanOrEqual(20_000)
})
