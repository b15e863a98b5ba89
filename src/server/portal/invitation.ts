/**
 * First sign-in: the link of an invitation and the date of birth. Five dates end the invitation, never the patient's
 * access. The browser that took an invitation may send it again (a double click, an answer lost on the way) and lands on
 * its home page; to everybody else it is over.
 */
import { Hono, type Context } from 'hono'
import { getCookie, setCookie } from 'hono/cookie'
import { html } from 'hono/html'
import * as v from 'valibot'
import { mintUlid } from '../../replica/ids.ts'
import { foldAccess } from '../../replica/kinds/access.ts'
import { ulidSchema } from '../../replica/kinds/kind.ts'
import type { Replica } from '../../replica/replica-face.ts'
import { hashOf, type Claim } from '../control-store-sqlite.ts'
import { button, choices, field, form } from '../look/form.ts'
import { nothing } from '../look/html.ts'
import { faultNotice } from '../look/notice.ts'
import { page } from '../look/page.ts'
import { card } from '../look/show.ts'
import { formOf } from '../own-forms.ts'
import type { Sessions } from '../sessions.ts'
import type { Entering } from './entering.ts'
import { frontFrame, frontProblem, type Front, type Fronts } from './front.ts'
import type { PortalEnv, Viewing } from './viewer.ts'

const datesAllowed = 5
/** How long the browser that took an invitation may send the form again. */
const againWithin = 15 * 60_000

export function invitationPages(
  options: Viewing & { session: Sessions; fronts: Fronts; entering: Entering; secure: boolean },
): Hono<PortalEnv> {
  const { store, clock, session, fronts, entering, secure, replicaOf } = options
  const app = new Hono<PortalEnv>()
  const cookie = secure ? '__Host-invitation' : 'invitation'

  interface Link {
    readonly practice: string
    readonly replica: Replica
    /** What the token is kept as. */
    readonly hash: string
  }
  const linkOf = (text: string): Link | undefined => {
    const [practice, token, ...rest] = text.split('.')
    const replica = rest.length === 0 && v.is(ulidSchema, practice) ? replicaOf(practice) : undefined
    return replica && practice && token ? { practice, replica, hash: hashOf(token) } : undefined
  }
  /** The open invitation of a link. */
  const openOf = async ({ replica, hash }: Link) => {
    const row = await replica.indexed('invitation', hash)
    if (!row || row.at < clock.now()) return undefined
    const { entry, patient } = row.body as { entry: string; patient: string }
    // A revocation may be newer than the index.
    const { waiting } = foldAccess(await replica.entries('access', patient))
    const link = waiting.find((one) => one.id === entry)
    return link && { entry, patient, grant: link.grant }
  }
  const browserOf = (c: Context<PortalEnv>): string => hashOf(getCookie(c, cookie) ?? '')
  /** That this very browser took the invitation a moment ago. */
  const claimedHere = (c: Context<PortalEnv>, { hash }: Link): Claim | undefined => {
    const claim = getCookie(c, cookie) === undefined ? undefined : store.claim(hash)
    return claim?.browser === browserOf(c) && clock.now() - claim.at < againWithin ? claim : undefined
  }
  const mayAct = async ({ replica }: Link, patient: string, account: string): Promise<boolean> => {
    const { accounts, representatives } = foldAccess(await replica.entries('access', patient))
    return accounts.includes(account) || representatives.some((one) => one.account === account)
  }
  const over = async (c: Context<PortalEnv>, link?: Link): Promise<Response> => {
    const front = link ? await fronts.of(link.practice) : await fronts.whole()
    return c.html(frontProblem(c, front, c.get('reader').words.problems.invitationOver), 404)
  }
  const frontOf = async (link: Link, patient: string): Promise<Front> =>
    fronts.of(link.practice, (await link.replica.head('patients', patient))?.facts.site)

  app.get('/invitation/:token', async (c) => {
    const token = c.req.param('token')
    const link = linkOf(token)
    const open = link && (await openOf(link))
    const current = session.current(c)
    if (link && open) {
      if (!getCookie(c, cookie))
        setCookie(c, cookie, Buffer.from(clock.bytes(16)).toString('base64url'), { path: '/', httpOnly: true, sameSite: 'Lax', secure }) // prettier-ignore
      return c.html(datePage(c, await frontOf(link, open.patient), token, current !== undefined))
    }
    const claim = link && store.claim(link.hash)
    return claim && current?.account === claim.account ? c.redirect('/', 303) : over(c, link)
  })

  app.post('/invitation/:token', async (c) => {
    const token = c.req.param('token')
    const link = linkOf(token)
    if (!link) return over(c)
    const open = await openOf(link)
    const claim = claimedHere(c, link)
    const patient = open?.patient ?? claim?.patient
    if (patient === undefined) return over(c, link)
    const current = session.current(c)
    const ask = async (fault: string, status: 400 | 401): Promise<Response> =>
      c.html(datePage(c, await frontOf(link, patient), token, current !== undefined, fault), status)
    const { invitation } = c.get('reader').words.signIn
    const sent = await formOf(c)
    const given = dateOf(sent?.['date'])
    const join = sent?.['join']
    if (given === undefined) return ask(invitation.dateUnread, 400)
    if (current && !claim && join !== 'yes' && join !== 'no') return ask(invitation.joinUnsaid, 400)
    // Counted before it is looked at: many at once are no more tries than one after the other.
    const tries = store.countDate(link.hash)
    if (tries > datesAllowed) return over(c, link)
    const where = { practice: link.practice, patient }
    if (given !== (await link.replica.record('patients', patient))?.fields['birthDate']) {
      store.audit.record({ did: 'wrong date', ...where, of: open?.entry })
      if (tries < datesAllowed) return ask(invitation.dateWrong, 401)
      if (open) await end(link, patient, open.entry)
      return over(c, link)
    }
    // Asked again: a double click may have taken it meanwhile.
    const account = claimedHere(c, link)?.account ?? (join === 'yes' ? current?.account : undefined) ?? mintUlid(clock)
    if (open) {
      store.takeInvitation(link.hash, { browser: browserOf(c), account, at: clock.now(), ...where })
      await (open.grant ? takeUp : accept)(link, patient, open.entry, account)
    }
    // Two browsers at once: the first acceptance stands.
    if (!(await mayAct(link, patient, account))) return over(c, link)
    if (open) store.audit.record({ did: 'invitation accepted', by: account, ...where, of: open.entry })
    entering.enter(c, account, { viewing: `${link.practice}/${patient}` })
    return c.redirect('/', 303)
  })

  const accept = (link: Link, patient: string, entry: string, account: string): Promise<void> =>
    link.replica.change([
      {
        collection: 'access',
        key: patient,
        add: {
          [`accepted:${entry}`]: { kind: 'accepted', at: clock.now(), by: { role: 'patient', id: account }, invitation: entry, account }, // prettier-ignore
        },
      },
    ])
  const takeUp = (link: Link, patient: string, grant: string, account: string): Promise<void> =>
    link.replica.change([
      {
        collection: 'access',
        key: patient,
        add: {
          [`taken up:${grant}`]: { kind: 'taken up', at: clock.now(), by: { role: 'representative', id: account }, grant, account }, // prettier-ignore
        },
      },
    ])
  const end = async (link: Link, patient: string, entry: string): Promise<void> => {
    await link.replica.change([
      {
        collection: 'access',
        key: patient,
        add: {
          [`ended:${entry}`]: { kind: 'revoked', at: clock.now(), by: { role: 'portal', id: link.replica.id }, revokes: [entry], why: 'wrong dates' }, // prettier-ignore
        },
      },
    ])
    store.audit.record({ did: 'invitation ended', practice: link.practice, patient, of: entry })
  }
  return app
}

function datePage(
  c: Context<PortalEnv>,
  front: Front,
  token: string,
  signedIn: boolean,
  fault?: string,
): Promise<string> {
  const { signIn, invitation } = c.get('reader').words.signIn
  const born = { inputmode: 'numeric', autocomplete: 'bday' }
  const fields = [
    html`<p>${invitation.why}</p>`,
    faultNotice(fault),
    field({ name: 'date', label: invitation.born, hint: invitation.bornHint, more: born }),
    // On a shared computer the one who is signed in need not be the one who was invited: nobody is joined unasked.
    signedIn ? choices({ name: 'join', label: invitation.somebody }, [{ value: 'yes', label: invitation.joinYes }, { value: 'no', label: invitation.joinNo }]) : nothing, // prettier-ignore
    button(signIn, 'main'),
  ]
  return page({ ...frontFrame(c, front), title: invitation.title }, [
    card(form(`/invitation/${token}`, {}, fields)),
    signedIn ? nothing : html`<p class="soft">${invitation.havePassword} <a href="/sign-in">${signIn}</a></p>`,
  ])
}

/** `YYYY-MM-DD` of a date as people write it: month, day, year, or ISO; undefined where it is none. */
export function dateOf(text: unknown): string | undefined {
  if (typeof text !== 'string') return undefined
  const iso = /^\s*(\d{4})-(\d{1,2})-(\d{1,2})\s*$/.exec(text)
  const us = /^\s*(\d{1,2})[/.\s-](\d{1,2})[/.\s-](\d{4})\s*$/.exec(text)
  const [year, month, day] = iso ? [iso[1], iso[2], iso[3]] : us ? [us[3], us[1], us[2]] : []
  if (year === undefined) return undefined
  const date = `${year}-${month!.padStart(2, '0')}-${day!.padStart(2, '0')}`
  const parsed = new Date(`${date}T00:00:00Z`)
  return Number.isNaN(parsed.getTime()) || parsed.toISOString().slice(0, 10) !== date ? undefined : date
}
