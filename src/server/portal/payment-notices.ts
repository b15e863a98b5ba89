/**
 * `POST /webhooks/stripe/:practice`: the card processor's notices. The body is checked as it came, before anything is read
 * of it; what is refused is told apart in the trail and has no effect; what is taken is durable before it is answered.
 */
import { Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import type { Accounts } from '../../bridges/payments/accounts.ts'
import type { Cashier } from '../../bridges/payments/cashier.ts'
import { largestNotice, noticeOf, type NoticeRefusal } from '../../bridges/payments/stripe-notices.ts'
import type { Clock } from '../../replica/clock.ts'
import type { AuditTrail } from '../audit-sqlite.ts'
import type { PortalEnv } from './viewer.ts'

/** What card payments need at a portal. */
export interface CardPayments {
  readonly cashier: Cashier
  readonly accounts: Accounts
}

export function paymentNotices(options: {
  readonly payments: CardPayments | undefined
  readonly audit: AuditTrail
  readonly clock: Clock
}): Hono<PortalEnv> {
  const { payments, audit, clock } = options
  const app = new Hono<PortalEnv>()
  const refused = (why: NoticeRefusal | 'oversized' | 'unknown practice', practice?: string): void =>
    audit.noted({ did: 'payment notice refused', practice, of: why })
  app.post(
    '/webhooks/stripe/:practice',
    bodyLimit({
      maxSize: largestNotice,
      onError(c) {
        refused('oversized')
        return c.text('This is too large for a notice.', 413)
      },
    }),
    async (c) => {
      const practice = c.req.param('practice')
      const account = payments?.accounts.get(practice)
      if (!payments || !account) {
        refused('unknown practice')
        return c.text('No payments are taken here.', 404)
      }
      const secrets = account.webhookSecrets
      const notice = noticeOf(await c.req.text(), c.req.header('stripe-signature'), { practice, secrets, clock })
      if ('refused' in notice) {
        refused(notice.refused, practice)
        return c.text(`Refused: ${notice.refused}.`, 400)
      }
      const isNew = payments.cashier.hear(practice, notice)
      if (!isNew) audit.noted({ did: 'payment notice repeated', practice, of: notice.id })
      return c.text('Taken.')
    },
  )
  return app
}
