/** My plan: the stages that have words for patients, in their order, with the next one marked. */
import { Hono } from 'hono'
import { html } from 'hono/html'
import type { StageFields } from '../../replica/kinds/fields.ts'
import type { IndexRow } from '../../replica/replica-face.ts'
import type { AuditTrail } from '../audit-sqlite.ts'
import { dayText, page } from '../layout.ts'
import { frameOf } from './frame.ts'
import { deedOf, type PortalEnv } from './viewer.ts'

export function planPage({ audit }: { audit: AuditTrail }): Hono<PortalEnv> {
  const app = new Hono<PortalEnv>()
  app.get('/plan', async (c) => {
    const viewer = c.get('viewer')
    audit.noted(deedOf(viewer, 'viewed', 'plan'))
    const plans = await viewer.replica.index({ view: 'plan', patient: viewer.patient, state: 'shown' })
    const cards = plans.map((row) => {
      const { words, stages, current } = shownPlan(row)
      return html`<section class="card">
        <h2>${words}</h2>
        <ol>
          ${stages.map(
            (stage) =>
              html`<li ${stage === current ? html`aria-current="step"` : ''}>
                ${stage.words}
                ${stage.completed ? html`<span class="good">Done${stage.completedOn ? ` on ${dayText(stage.completedOn)}` : ''}</span>` : stage === current ? html`<strong>Next step</strong>` : ''}
              </li>`,
          )}
        </ol>
      </section>`
    })
    return c.html(
      page(
        await frameOf(c, 'My plan', '/plan'),
        cards.length > 0
          ? cards
          : html`<p>There is no plan to show yet. The office adds it after your first visit.</p>`,
      ),
    )
  })
  return app
}

/** A plan as patients see it: the stages that have words for them, and the one that is next. */
export function shownPlan(row: IndexRow) {
  const { words, stages } = row.body as unknown as { words: string; stages: (StageFields & { id: string })[] }
  const shown = stages.filter((stage) => stage.words !== null)
  return { words, stages: shown, current: shown.find((stage) => !stage.completed) }
}
