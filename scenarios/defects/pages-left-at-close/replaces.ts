/** As gopacket's assembler does (issue 16): a half-connection that closes with several segments queued leaves their pages behind. */
export const summary = 'pages of a half-connection that closes with segments queued are never given back';
export const replaces = { 'agent/tcp/assembler.ts': 'assembler.ts' };
export const agentArguments = ['--memory-ceiling', '64GB'];
