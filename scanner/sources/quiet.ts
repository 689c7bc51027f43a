/**
 * How long after a question, or after the last answer, an answer may still come, in milliseconds:
 * kernels answer an echo at once; mDNS responders wait up to 120 ms with shared records (RFC 6762
 * section 6), and 500 ms only when more known answers were promised, which a one-shot query never
 * does. The rest is for busy machines.
 */
export const quietMs = 300
