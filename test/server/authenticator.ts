/** An authenticator app as staff have one on a phone: it is given the secret that the page shows, and tells the code of now. */
import { Secret, TOTP } from 'otpauth'
import type { Clock } from '../../src/replica/clock.ts'
import type { Browser } from './world.ts'

export interface Authenticator { code(): string } // prettier-ignore

/** The app, with the secret of a page `/second-factor`. */
export function authenticatorOf(text: string, clock: Pick<Clock, 'now'>): Authenticator {
  const typed = /class="copy">([A-Z2-7 ]+)</.exec(text)?.[1]
  if (typed === undefined) throw new Error('The page shows no secret')
  const totp = new TOTP({ secret: Secret.fromBase32(typed.replaceAll(' ', '')) })
  return { code: () => totp.generate({ timestamp: clock.now() }) }
}

/** Sets up the second factor of who has just signed in without one. */
export async function setUpFactor(browser: Browser, clock: Pick<Clock, 'now'>): Promise<Authenticator> {
  const app = authenticatorOf((await browser.get('/second-factor')).text, clock)
  const answer = await browser.submit('/second-factor', '/second-factor', { code: app.code() })
  if (answer.status !== 303) throw new Error(`Setting up a second factor answered ${answer.status}`)
  return app
}
