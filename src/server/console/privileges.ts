/**
 * Who may do what at the console: roles bring privileges, a user may be granted more, and what is denied to a user stays
 * denied whatever brings it. One table says what each route needs; a route without a line is refused.
 */

export const roles = ['front desk', 'billing', 'admin'] as const
export type Role = (typeof roles)[number]

export const privileges = [
  'see status',
  'write to patients',
  'see communications',
  'export communications',
  'resolve reviews',
  'see other sites',
  'give access',
  'synchronize',
  'set synchronization',
  'manage users',
  'read audit',
  'see payments',
  'request payments',
  'refund payments',
  'see clinical messages',
  'manage clinical systems',
] as const
export type Privilege = (typeof privileges)[number]

export const privilegesOfRole: Readonly<Record<Role, readonly Privilege[]>> = {
  'front desk': ['see status', 'write to patients', 'see communications', 'resolve reviews', 'see other sites', 'give access', 'synchronize', 'see payments', 'request payments'], // prettier-ignore
  billing: ['see status', 'see communications', 'export communications', 'synchronize', 'see payments', 'request payments', 'refund payments'], // prettier-ignore
  admin: privileges,
}

/** What is given to a user. */
export interface Rights {
  readonly roles: readonly Role[]
  readonly granted: readonly Privilege[]
  readonly denied: readonly Privilege[]
}

/** Whether a user has a privilege: by a role or granted, and not denied. */
export function hasPrivilege({ roles: held, granted, denied }: Rights, wanted: Privilege): boolean {
  if (denied.includes(wanted)) return false
  return granted.includes(wanted) || held.some((role) => privilegesOfRole[role].includes(wanted))
}

/** What a route needs: a privilege, or `own`: of the user's own sign-in, with which everybody may deal. */
export type Need = Privilege | 'own'

export const routeNeeds: Readonly<Record<string, Need>> = {
  'POST /sign-out': 'own',
  'GET /second-factor': 'own',
  'POST /second-factor': 'own',
  'GET /': 'see status',
  'POST /upload': 'synchronize',
  'POST /download': 'synchronize',
  'POST /sync': 'synchronize',
  'POST /test-connection': 'synchronize',
  'GET /runs/:run': 'see status',
  'POST /runs/acknowledge': 'synchronize',
  'GET /today': 'see communications',
  'POST /today/write': 'write to patients',
  'POST /today/check': 'write to patients',
  'POST /today/send': 'write to patients',
  'GET /events/:event': 'see communications',
  'POST /events/:event/confirm': 'write to patients',
  'POST /events/:event/hold': 'write to patients',
  'POST /events/:event/let-go': 'write to patients',
  'POST /events/:event/send': 'write to patients',
  'GET /inbox': 'see communications',
  'GET /inbox/:thread': 'see communications',
  'GET /inbox-routes': 'manage users',
  'POST /inbox-routes': 'manage users',
  'POST /inbox-routes/remove': 'manage users',
  'GET /inbox/replies/:review': 'see communications',
  'POST /inbox/replies': 'resolve reviews',
  'POST /inbox/assign': 'write to patients',
  'POST /inbox/close': 'write to patients',
  'POST /inbox/reopen': 'write to patients',
  'POST /inbox/note': 'write to patients',
  'POST /inbox/draft': 'write to patients',
  'POST /inbox/reply': 'write to patients',
  'POST /inbox/retract': 'write to patients',
  'GET /send': 'write to patients',
  'POST /send/find': 'write to patients',
  'POST /send/to': 'write to patients',
  'POST /send': 'write to patients',
  'POST /invite': 'give access',
  'POST /access': 'give access',
  'POST /access/grant': 'give access',
  'POST /access/end': 'give access',
  'POST /reached': 'write to patients',
  'POST /reached/choose': 'write to patients',
  'GET /recent': 'see communications',
  'POST /recent': 'see communications',
  'POST /recent/export': 'export communications',
  'POST /recent/hide': 'see communications',
  'POST /recent/show': 'see communications',
  'GET /attachments/:entry/:place': 'see communications',
  'GET /others': 'see other sites',
  'POST /others': 'see other sites',
  'GET /others/:patient': 'see other sites',
  'GET /reviews': 'resolve reviews',
  'POST /reviews': 'resolve reviews',
  'POST /insched-restored': 'set synchronization',
  'GET /synchronization': 'set synchronization',
  'POST /synchronization': 'set synchronization',
  'GET /synchronization/backups': 'set synchronization',
  'POST /synchronization/backups/add': 'set synchronization',
  'POST /synchronization/backups/remove': 'set synchronization',
  'POST /synchronization/backups/longest': 'set synchronization',
  'POST /synchronization/backups/begin': 'set synchronization',
  'POST /synchronization/backups/end': 'set synchronization',
  'GET /synchronization/proxy': 'set synchronization',
  'POST /synchronization/proxy': 'set synchronization',
  'GET /synchronization/mirror': 'set synchronization',
  'GET /synchronization/mirror/:part': 'set synchronization',
  'POST /synchronization/mirror/:part': 'set synchronization',
  'POST /synchronization/mirror/:part/set': 'set synchronization',
  'GET /synchronization/sharing/:other': 'set synchronization',
  'POST /synchronization/sharing/:other': 'set synchronization',
  'POST /synchronization/sharing/:other/set': 'set synchronization',
  'GET /synchronization/preview': 'set synchronization',
  'POST /synchronization/preview': 'set synchronization',
  'GET /synchronization/texts': 'set synchronization',
  'POST /synchronization/texts': 'set synchronization',
  'POST /synchronization/texts/sending': 'set synchronization',
  'GET /synchronization/texts/rules/new': 'set synchronization',
  'GET /synchronization/texts/rules/new/:kind': 'set synchronization',
  'GET /synchronization/texts/rules/:rule': 'set synchronization',
  'GET /synchronization/texts/rules/:rule/on': 'set synchronization',
  'POST /synchronization/texts/rules': 'set synchronization',
  'POST /synchronization/texts/rules/look': 'set synchronization',
  'POST /synchronization/texts/rules/off': 'set synchronization',
  'POST /synchronization/texts/rules/remove': 'set synchronization',
  'GET /synchronization/texts/sample': 'set synchronization',
  'GET /synchronization/texts/who': 'set synchronization',
  'POST /synchronization/texts/who/let-go': 'set synchronization',
  'GET /synchronization/texts/history': 'set synchronization',
  'GET /synchronization/texts/words': 'set synchronization',
  'GET /synchronization/texts/words/:kind/:language/:rule?': 'set synchronization',
  'POST /synchronization/texts/words': 'set synchronization',
  'POST /synchronization/texts/words/look': 'set synchronization',
  'GET /payments': 'see payments',
  'GET /payments/:payment': 'see payments',
  'POST /payments/ask': 'request payments',
  'POST /payments/request': 'request payments',
  'POST /payments/withdraw': 'request payments',
  'POST /payments/refund': 'refund payments',
  'POST /payments/assign': 'refund payments',
  'POST /payments/export': 'refund payments',
  'GET /users': 'manage users',
  'POST /users': 'manage users',
  'POST /users/rights': 'manage users',
  'POST /users/reset': 'manage users',
  'POST /users/disable': 'manage users',
  'POST /users/enable': 'manage users',
  'GET /hl7': 'see clinical messages',
  'POST /hl7': 'see clinical messages',
  'GET /hl7/:message': 'see clinical messages',
  'POST /hl7/replay': 'manage clinical systems',
  'POST /hl7/pause': 'manage clinical systems',
  'POST /hl7/resume': 'manage clinical systems',
  'POST /hl7/verbose': 'manage clinical systems',
  'GET /audit': 'read audit',
  'POST /audit': 'read audit',
}

/** Whether a user may do what a route is for. */
export function mayUse(rights: Rights, route: string): boolean {
  const need = Object.hasOwn(routeNeeds, route) ? routeNeeds[route] : undefined
  return need !== undefined && (need === 'own' || hasPrivilege(rights, need))
}
