/** The operator's page of a portal. */
import type { DifferenceKind } from '../../../bridges/payments/reconciliation.ts'
import { counting } from '../plural.ts'

const count = counting('en')

const kinds: Readonly<Record<DifferenceKind, string>> = {
  'unknown here': 'Not known here',
  'unknown at the processor': 'Not known at the processor',
  'paid differs': 'Another amount at the processor',
  'refunds differ': 'Refunds differ',
  'disputes differ': 'Disputes differ',
  'not posted': 'Not posted for more than a day',
  'deposit deleted': 'Deposit deleted in InSched',
  'deposit differs': 'Deposit differs',
}

export const operator = {
  payments: {
    title: 'Card payments',
    kinds,
    differ: (n: number) => `Card payments: ${count(n, { one: 'difference', other: 'differences' })}`,
    never: 'Card processor, portal and InSched were not compared yet.',
    agree: (when: string) => `Card processor, portal and InSched agreed on ${when}.`,
    compared: (when: string) => `Card processor, portal and InSched were compared on ${when}.`,
    waiting: (n: number) => `${count(n, { one: 'payment waits', other: 'payments wait' })} for the card processor.`,
    notRemoved: (n: number) => `Saved cards of ${count(n, { one: 'account', other: 'accounts' })} that must be removed are still at the card processor. It is tried again until they are gone.`, // prettier-ignore
    compare: 'Compare now',
    paid: 'Paid at the processor',
    refunded: 'Refunded',
    disputed: 'Held by disputes',
    fees: 'Fees',
    deposits: 'Deposits in InSched, net',
    notPosted: 'Not posted yet',
    what: 'Difference',
    amount: 'Amount',
    transaction: 'Transaction ID',
    todo: 'To do',
  },
  portal: 'PatientConnection portal',
  title: 'Operator',
  enter: 'Sign in',
  enterHow: 'This link signs you in as the operator of this portal. It works once.',
  over: {
    title: 'This link is over',
    cause: 'It was used, or its 15 minutes are over.',
    next: 'Make a new one on the portal’s machine with: patientconnection operator link',
  },
  signedOut: {
    title: 'Operator',
    cause: 'You are not signed in.',
    next: 'Make a link on the portal’s machine with: patientconnection operator link',
  },
  none: 'No practice yet.',
  noneNext: 'Add the first one below.',
  remaking: (records: number) =>
    `What the pages show is being made anew after an update. Records left: ${records}. No texts go out until then.`,
  noAlarm: 'No alarm: each site was heard when it should be.',
  alarm: (site: string, practice: string) => `${site} of ${practice} is silent.`,
  silentSince: (when: string) => `Last heard on ${when}.`,
  neverHeard: 'Never heard.',
  notBack: (site: string, practice: string) =>
    `The InSched database of ${site} of ${practice} is not back from its backup.`,
  notBackSince: (when: string) => `Since ${when}.`,
  textsSilent: (site: string, practice: string) => `Texts of ${site} of ${practice} do not go out.`,
  waiting: (n: number) => `Answers of ${count(n, { one: 'patient', other: 'patients' })} wait for it.`,
  outwardWaits: (n: number) => `Nothing goes out to patients before ${count(n, { one: 'site was', other: 'sites were' })} heard since the start.`, // prettier-ignore
  release: 'Let it go out now',
  noSites: 'No site yet.',
  addSite: 'Add a site',
  siteName: 'Name of the site',
  addSiteButton: 'Add the site and make its code',
  siteNeeds: 'A site needs a name, and a practice that is here.',
  code: (site: string) => `The enrolment code of ${site}, good once within 24 hours. It is not shown again.`,
  addPractice: 'Add a practice',
  practiceName: 'Name of the practice',
  zone: 'Time zone',
  zoneHint: 'Like America/Phoenix',
  addPracticeButton: 'Add the practice',
  practiceNeeds: 'A practice needs a name and a time zone.',
  lastContact: 'Last contact',
  patientsWaiting: 'Patients whose answers wait',
  clock: 'Its clock is off by',
  seconds: (n: number) => `${n} s`,
  device: 'Device',
  noDevice: 'Not enrolled yet.',
  codeUntil: (when: string) => `Its code holds until ${when}.`,
  codeOver: 'Its code is over: add the site anew.',
  revokedAt: (when: string) => `Revoked on ${when}`,
  siteId: 'Site id',
  states: { 'Down, never connected': 'Down, never connected', 'Never enrolled': 'Never enrolled', Revoked: 'Revoked', Retired: 'Retired' }, // prettier-ignore
  doIt: { revoke: 'Revoke the device', retire: 'Retire the site' },
  ask: {
    revoke: (site: string) => `Refuse the device of ${site} from now on? It cannot be taken back: the site has to be added anew.`, // prettier-ignore
    retire: (site: string) => `End ${site}? Its device is refused, and patients are not shown its records any more. To give its records to another site, use the command: patientconnection site retire --to`, // prettier-ignore
  },
  no: 'No, go back',
  mirror: 'What it mirrors',
  mirrorOf: (site: string) => `What ${site} mirrors`,
  mirrorHow:
    'The site decides what leaves the practice. This portal can only narrow it: where both say something, the narrower holds.',
  narrow: 'Narrow',
  narrowOf: (what: string, site: string) => `${what} of ${site}`,
  siteSays: 'The site',
  portalSays: 'This portal',
  asTheSite: 'As the site says',
  asTheSiteHint: 'Empty: as the site says.',
  back: 'Back to the operator’s page',
}
