/** Of hl7-standard, which brings no types, the part that is used here. */
declare module 'hl7-standard' {
  /** A field: a text, its components by name, its subcomponents, or its repetitions. */
  export type Hl7Data = string | Record<string, string | string[]> | (string | Record<string, string | string[]>)[]
  export interface Hl7Segment {
    readonly type: string
    index: number
    data: Record<string, Hl7Data>
  }
  export default class HL7 {
    constructor(raw?: string)
    transform(done?: (error: Error | null) => void, batch?: boolean): void
    build(): string
    createSegment(name: string): Hl7Segment
    getSegments(): Hl7Segment[]
  }
}
