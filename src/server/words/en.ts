/** The English words, a section for each part of the product. It is the measure of the other languages: what one of them lacks does not compile. */
import { account } from './en/account.ts'
import { attachments } from './en/attachments.ts'
import { console } from './en/console.ts'
import { desk } from './en/desk.ts'
import { emails } from './en/emails.ts'
import { frame } from './en/frame.ts'
import { hl7 } from './en/hl7.ts'
import { operator } from './en/operator.ts'
import { others } from './en/others.ts'
import { patient } from './en/patient.ts'
import { payments } from './en/payments.ts'
import { pay } from './en/pay.ts'
import { problems } from './en/problems.ts'
import { reached } from './en/reached.ts'
import { replies } from './en/replies.ts'
import { signIn } from './en/sign-in.ts'
import { staff } from './en/staff.ts'
import { synchronization } from './en/synchronization.ts'
import { textRules } from './en/text-rules.ts'
import { texts } from './en/texts.ts'

export const en = {
  frame,
  problems,
  patient,
  signIn,
  account,
  console,
  desk,
  operator,
  others,
  staff,
  synchronization,
  attachments,
  reached,
  replies,
  texts,
  textRules,
  emails,
  pay,
  payments,
  hl7,
}
export type Words = typeof en
