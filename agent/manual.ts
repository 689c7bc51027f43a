import { readDefinitions } from '../common/definitions.ts'
import type { Manual } from '../common/manual.ts'
import { describe } from './verbs.ts'

/** The manual page installer-agent(8). */
export function agentManual(date: Date): Manual {
  return {
    name: 'installer-agent',
    section: 8,
    summary: 'announce a live installer on every link, and keep its addresses there',
    date,
    words: readDefinitions((cli) => describe(cli, async () => {})),
    sections: [
      {
        title: 'ENVIRONMENT',
        roff: [
          'Every option may also be given as a variable,',
          '.Fl -ssh-port',
          'as',
          '.Ev INSTALLER_AGENT_SSH_PORT ,',
          'and in the JSON file that',
          '.Fl -config',
          'names.',
          'What is typed weighs most, then the environment, then the file.',
        ].join('\n'),
      },
      { title: 'EXIT STATUS', roff: '.Ex -std' },
      { title: 'SEE ALSO', roff: '.Xr scanner 1 ,\n.Xr ip 8 ,\n.Xr sshd 8' },
    ],
  }
}
