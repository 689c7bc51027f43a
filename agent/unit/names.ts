/** The unit files that belong together: the agent's, and those that show what it has made (nix/). */
export const unitFileNames = [
  'installer-agent.service',
  'installer-agent.service.d/ca-key.conf',
  'installer-agent-issue.path',
  'installer-agent-issue.service',
  'installer-agent-certificate.path',
  'installer-agent-certificate.service',
] as const

export type UnitFile = (typeof unitFileNames)[number]
