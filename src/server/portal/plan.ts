/** My plan: the stages that have words for patients, in their order, with the next one marked. */
import { Hono } from 'hono'
import type { AuditTrail } from '../audit-sqlite.ts'
import { empty } from '../look/notice.ts'
import { page } from '../look/page.ts'
import { badge, card, timeline } from '../look/show.ts'
import { frameOf } from './frame.ts'
import { shownPlan } from './shown-plan.ts'
import { deedOf, type PortalEnv } from './viewer.ts'

export function planPage({ audit }: { audit: AuditTrail }): Hono<PortalEnv> {
  const app = new Hono<PortalEnv>()
  app.get('/plan', async (c) => {
    const viewer = c.get('viewer')
    audit.noted(deedOf(viewer, 'viewed', 'plan'))
    const plans = await viewer.replica.index({ view: 'plan', patient: viewer.patient, state: 'shown' })
    const reader = c.get('reader')
    const { menu, plan } = reader.words.patient
    const cards = plans.map((row) => {
      const { words, stages, current } = shownPlan(row)
      const moments = stages.map((stage) => {
        const title = stage.words ?? ''
        if (!stage.completed) return stage === current ? { state: 'now' as const, title, detail: badge('info', plan.nextStep) } : { state: 'later' as const, title, detail: plan.later } // prettier-ignore
        return { state: 'done' as const, title, detail: stage.completedOn ? plan.doneOn(reader.day(stage.completedOn)) : plan.done } // prettier-ignore
      })
      return card(timeline(moments), { title: words })
    })
    return c.html(
      page(await frameOf(c, menu.plan, '/plan'), cards.length > 0 ? cards : empty(plan.none, plan.noneNext)),
    )
  })
  return app
}
