/** Who else may act for the patient: what each may see and do, until when, who gave it; the patient can end it. */
import { Hono } from 'hono'
import { html } from 'hono/html'
import * as v from 'valibot'
import type { Clock } from '../../replica/clock.ts'
import { mintUlid } from '../../replica/ids.ts'
import { foldAccess } from '../../replica/kinds/access.ts'
import { ulidSchema } from '../../replica/kinds/kind.ts'
import type { ControlStore } from '../control-store-sqlite.ts'
import { oneButton } from '../look/form.ts'
import { empty } from '../look/notice.ts'
import { page } from '../look/page.ts'
import { card, facts } from '../look/show.ts'
import { formOf } from '../own-forms.ts'
import { frameOf, problem } from './frame.ts'
import { byOf, deedOf, factsOf, type PortalEnv } from './viewer.ts'

export function peoplePages({ store, clock }: { store: ControlStore; clock: Clock }): Hono<PortalEnv> {
  const app = new Hono<PortalEnv>()
  app.get('/people', async (c) => {
    const viewer = c.get('viewer')
    store.audit.noted(deedOf(viewer, 'viewed', 'people'))
    const { representatives } = foldAccess(await viewer.replica.entries('access', viewer.patient))
    const reader = c.get('reader')
    const { people } = reader.words.account
    const frame = await frameOf(c, people.title, '/people')
    return c.html(
      page(
        frame,
        representatives.length === 0
          ? empty(people.none, people.noneNext)
          : representatives.map((one) =>
              card(
                [
                  html`<p>
                    ${people.relationships[one.relationship]}${one.account === null ? ` (${people.waiting})` : ''}
                  </p>`,
                  facts([
                    [people.may, one.scope.map((scope) => people.scopes[scope]).join(', ')],
                    [people.from, reader.day(one.from)],
                    [people.until, one.to === null ? people.noEnd : reader.day(one.to)],
                    [people.grantedBy, one.grantedBy.name ?? people.office],
                  ]),
                  oneButton('/people/end', people.end(one.name), { csrf: viewer.csrf, grant: one.grant }, 'danger'),
                ],
                { title: one.name },
              ),
            ),
      ),
    )
  })
  app.post('/people/end', async (c) => {
    const viewer = c.get('viewer')
    const { replica, patient } = viewer
    const grant = v.safeParse(ulidSchema, (await formOf(c))?.['grant'])
    const { representatives } = foldAccess(await replica.entries('access', patient))
    const found = representatives.find((one) => grant.success && one.grant === grant.output)
    if (!found) return c.html(await problem(c, c.get('reader').words.problems.noPerson), 404)
    await replica.change([
      {
        collection: 'access',
        key: patient,
        facts: await factsOf(replica, 'patients', patient),
        add: {
          [mintUlid(clock)]: { kind: 'revoked', at: clock.now(), by: await byOf(viewer), revokes: [found.grant], why: 'by patient' }, // prettier-ignore
        },
      },
    ])
    store.audit.record(deedOf(viewer, 'access ended', found.grant))
    return c.redirect('/people?said=access', 303)
  })
  return app
}
