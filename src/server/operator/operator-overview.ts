/** What the operator's page shows: alarms first, then each practice with its sites, their states, codes and devices. */
import { html } from 'hono/html'
import { button, field, form, oneButton } from '../look/form.ts'
import { inEnglish, nothing, type Html } from '../look/html.ts'
import { empty, faultNotice, notice, type Tone } from '../look/notice.ts'
import type { Reader } from '../look/reader.ts'
import { badge, card, facts, folded, list } from '../look/show.ts'
import { paymentsHtml, type PaymentsOfPractice } from './operator-payments.ts'

/** A site as the operator sees it; times in ISO, UTC. */
export interface OperatorSite {
  readonly siteId: string
  readonly name: string
  readonly state: string
  readonly lastContact: string | null
  readonly alarm: { readonly since: string | null; readonly patientsWaiting: number } | null
  readonly notBackSince: string | null
  readonly patientsWaiting: number
  readonly clockDifference: number | null
  /** Until when its enrolment code holds; null where it was used or ended. */
  readonly codeUntil: string | null
  readonly device: { readonly replica: string; readonly revokedAt: string | null } | null
}
export interface OperatorView {
  readonly practices: readonly {
    readonly practiceId: string
    readonly name: string
    readonly zone: string
    readonly outward: 'open' | 'waits'
    readonly waitsFor: readonly string[]
    /** The sites of which texts do not go out that should. */
    readonly textsSilent?: readonly { readonly siteId: string; readonly since: string; readonly says: string }[]
    /** Records of which the rows behind the pages are being made anew after an update. */
    readonly toRemake?: number
    /** Where it takes cards. */
    readonly payments?: PaymentsOfPractice | undefined
    readonly sites: readonly OperatorSite[]
  }[]
}

interface More { readonly csrf: string; readonly now: number; readonly fault?: string; readonly code?: Html } // prettier-ignore

export function overviewHtml(reader: Reader, { practices }: OperatorView, { csrf, now, fault, code }: More): Html[] {
  const { operator: words } = reader.words
  const alarms = practices.flatMap((practice) =>
    practice.sites.flatMap((site) => (site.alarm ? [{ ...site.alarm, site: site.name, practice }] : [])),
  )
  const notBack = practices.flatMap((practice) => practice.sites.flatMap((site) => (site.notBackSince === null ? [] : [{ site: site.name, practice, since: site.notBackSince, patientsWaiting: site.patientsWaiting }]))) // prettier-ignore
  const disagree = practices.flatMap(({ name, payments }) => (payments?.last?.differences.length ? [{ name, count: payments.last.differences.length }] : [])) // prettier-ignore
  const silent = practices.flatMap((practice) => (practice.textsSilent ?? []).map((one) => ({ ...one, practice, site: practice.sites.find(({ siteId }) => siteId === one.siteId)?.name ?? one.siteId }))) // prettier-ignore
  const zones = Intl.supportedValuesOf('timeZone')
  return [
    faultNotice(fault),
    code ?? nothing,
    ...alarms.map(
      ({ practice, site, since, patientsWaiting }) =>
      notice('bad', html`<strong>${words.alarm(site, practice.name)}</strong>`, html`<p>${since === null ? words.neverHeard : words.silentSince(reader.instant(Date.parse(since), practice.zone))} ${words.waiting(patientsWaiting)}</p>`), // prettier-ignore
    ),
    ...notBack.map(
      ({ practice, site, since, patientsWaiting }) =>
      notice('bad', html`<strong>${words.notBack(site, practice.name)}</strong>`, html`<p>${words.notBackSince(reader.instant(Date.parse(since), practice.zone))} ${words.waiting(patientsWaiting)}</p>`), // prettier-ignore
    ),
    ...disagree.map(({ name, count }) =>
      notice('bad', html`<strong>${name}: ${words.payments.differ(count)}</strong>`),
    ),
    ...silent.map(
      ({ practice, site, since, says }) =>
      notice('bad', html`<strong>${words.textsSilent(site, practice.name)}</strong>`, html`<p>${words.notBackSince(reader.instant(Date.parse(since), practice.zone))} ${inEnglish(says)}</p>`), // prettier-ignore
    ),
    alarms.length + notBack.length + disagree.length + silent.length === 0 && practices.length > 0
      ? notice('good', words.noAlarm)
      : nothing,
    ...(practices.length === 0 ? [empty(words.none, words.noneNext)] : []),
    ...practices.map((practice) =>
      card(
        [
          practice.outward === 'waits'
            ? notice('warn', words.outwardWaits(practice.waitsFor.length), oneButton('/operator/release', words.release, { csrf, practice: practice.practiceId })) // prettier-ignore
            : nothing,
          practice.toRemake === undefined ? nothing : notice('warn', words.remaking(practice.toRemake)),
          practice.sites.length === 0
            ? html`<p class="soft">${words.noSites}</p>`
            : list(practice.sites.map((site) => siteHtml(reader, site, { csrf, now, zone: practice.zone }))),
          practice.payments ? paymentsHtml(reader, practice.payments, { csrf, practice: practice.practiceId, zone: practice.zone }) : nothing, // prettier-ignore
          folded(
            words.addSite,
            form('/operator/sites', { csrf, practice: practice.practiceId }, [
              field({ id: `site-${practice.practiceId}`, name: 'name', label: words.siteName, more: { maxlength: 200 } }), // prettier-ignore
              button(words.addSiteButton, 'main'),
            ]),
          ),
        ],
        { title: practice.name, eyebrow: `${practice.zone} · ${practice.practiceId}` },
      ),
    ),
    card(
      form('/operator/practices', { csrf }, [
        field({ id: 'practice-name', name: 'name', label: words.practiceName, more: { maxlength: 200 } }),
        field({ name: 'zone', label: words.zone, hint: words.zoneHint, more: { list: 'zones', autocomplete: 'off' } }),
        html`<datalist id="zones">${zones.map((zone) => html`<option value="${zone}"></option>`)}</datalist>`,
        button(words.addPracticeButton, 'main'),
      ]),
      { title: words.addPractice },
    ),
  ]
}

function toneOf({ state, alarm, notBackSince }: OperatorSite): Tone | 'plain' {
  if (alarm || notBackSince !== null) return 'bad'
  if (state === 'Working') return 'good'
  return state === 'Retired' || state === 'Revoked' || state === 'Never enrolled' ? 'plain' : 'warn'
}

function siteHtml(reader: Reader, site: OperatorSite, { csrf, now, zone }: { csrf: string; now: number; zone: string }): Html {
  const { operator: words } = reader.words
  const at = (iso: string): string => reader.instant(Date.parse(iso), zone)
  const { device, codeUntil } = site
  const isOver = site.state === 'Retired'
  const code = codeUntil === null ? nothing : Date.parse(codeUntil) < now ? words.codeOver : words.codeUntil(at(codeUntil))
  return html`<div class="row apart">
      <h3>${site.name}</h3>
      ${badge(toneOf(site), stateHtml(reader, site, zone))}
    </div>
    ${facts([
      [words.lastContact, site.lastContact === null ? words.neverHeard : at(site.lastContact)],
      [words.patientsWaiting, reader.number(site.patientsWaiting)],
      ...(site.clockDifference === null ? [] : [[words.clock, words.seconds(site.clockDifference)] as const]),
      [words.device, device === null ? html`${words.noDevice} ${code}` : device.revokedAt === null ? device.replica : words.revokedAt(at(device.revokedAt))],
      [words.siteId, site.siteId],
    ])}
    ${
      isOver
        ? nothing
        : html`<div class="row ways">
            <a class="button" href="/operator/mirror/${site.siteId}">${words.mirror}<span class="unseen">: ${site.name}</span></a>
            ${device && device.revokedAt === null ? oneButton('/operator/ask', words.doIt.revoke, { csrf, site: site.siteId, what: 'revoke' }, 'danger') : nothing}
            ${oneButton('/operator/ask', words.doIt.retire, { csrf, site: site.siteId, what: 'retire' }, 'danger')}
          </div>`
    }`
} // prettier-ignore

function stateHtml(reader: Reader, { state, lastContact }: OperatorSite, zone: string): Html | string {
  const { states } = reader.words.desk.strip
  const { operator: words } = reader.words
  const backup = /^Disconnected for backup until (.+)$/.exec(state)
  if (backup) return states.disconnected(backup[1]!)
  if (state.startsWith('Down since') && lastContact !== null) return states.down(reader.short(Date.parse(lastContact), zone)) // prettier-ignore
  const known: Readonly<Record<string, string>> = { Working: states.working, Behind: states.behind, 'Paused by hand': states.paused, ...words.states } // prettier-ignore
  return Object.hasOwn(known, state) ? known[state]! : inEnglish(state)
}

/** An enrolment code, shown once. */
export function codeHtml({ words }: Reader, site: string, code: string): Html {
  return card([html`<p>${words.operator.code(site)}</p>`, html`<p class="copy">${code}</p>`], { lead: true })
}
