/**
 * What each route behind the sign-in needs of whoever acts: the one table that is asked before any of them runs. A route
 * without a line is refused. The patient may do all; a representative what the grant's scope holds.
 */
import type { PatientCollection } from '../../mirror/policy.ts'
import type { Scope } from '../../replica/kinds/access.ts'

/** `own`: of the account itself, whoever is shown. `patient`: the patient alone. */
export type Need = Scope | 'own' | 'patient'

export const needs: Readonly<Record<string, Need>> = {
  'GET /': 'own',
  'POST /viewing': 'own',
  'POST /live/ticket': 'own',
  'GET /appointments': 'appointments',
  'GET /appointments/:event/calendar.ics': 'appointments',
  'POST /confirm': 'appointments',
  'POST /decline': 'appointments',
  'POST /move': 'appointments',
  'GET /messages': 'messages',
  'GET /messages/:thread': 'messages',
  'POST /messages': 'messages',
  'POST /messages/search': 'messages',
  'POST /messages/retract': 'messages',
  'GET /attachments/:entry/:place': 'messages',
  'GET /plan': 'documents',
  'GET /pay': 'pay',
  'POST /pay': 'pay',
  'POST /pay/left': 'pay',
  'GET /pay/:payment': 'pay',
  'GET /pay/cards': 'pay',
  'POST /pay/cards/remove': 'pay',
  'GET /password': 'own',
  'POST /password': 'own',
  'GET /again': 'own',
  'POST /again': 'own',
  'POST /again/code': 'own',
  'POST /again/passkey': 'own',
  'GET /account': 'own',
  'POST /account/email': 'own',
  'POST /account/email/code': 'own',
  'POST /account/noticed': 'own',
  'POST /account/sessions/end': 'own',
  'POST /account/sessions/end-all': 'own',
  'POST /account/passkeys/options': 'own',
  'POST /account/passkeys': 'own',
  'POST /account/passkeys/remove': 'own',
  'GET /settings': 'own',
  'GET /contact': 'patient',
  'POST /contact': 'patient',
  'POST /contact/reached': 'patient',
  'GET /people': 'patient',
  'POST /people/end': 'patient',
}

/** In which collection a route says what a patient says: where the mirror holds that back, the route is closed and its form is not there. */
export const saysIn: Readonly<Record<string, PatientCollection>> = {
  'POST /messages': 'messages',
  'POST /confirm': 'confirmations',
  'POST /decline': 'requests',
  'POST /move': 'requests',
  'POST /contact': 'requests',
  'POST /contact/reached': 'communications',
  'POST /pay': 'payments',
}

/** Whether somebody may do what needs `need` for whom they act. */
export function may(
  member: { readonly acting: { readonly scope: readonly Scope[] } | null },
  need: Need | undefined,
): boolean {
  if (need === undefined) return false
  if (need === 'own' || member.acting === null) return true
  return need !== 'patient' && member.acting.scope.includes(need)
}
