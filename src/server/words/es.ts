/** The Spanish words, in the sections of the English ones. */
import type { Words } from './en.ts'
import { account } from './es/account.ts'
import { attachments } from './es/attachments.ts'
import { console } from './es/console.ts'
import { desk } from './es/desk.ts'
import { emails } from './es/emails.ts'
import { frame } from './es/frame.ts'
import { hl7 } from './es/hl7.ts'
import { operator } from './es/operator.ts'
import { others } from './es/others.ts'
import { patient } from './es/patient.ts'
import { payments } from './es/payments.ts'
import { pay } from './es/pay.ts'
import { problems } from './es/problems.ts'
import { reached } from './es/reached.ts'
import { replies } from './es/replies.ts'
import { signIn } from './es/sign-in.ts'
import { staff } from './es/staff.ts'
import { synchronization } from './es/synchronization.ts'
import { textRules } from './es/text-rules.ts'
import { texts } from './es/texts.ts'

export const es: Words = {
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
