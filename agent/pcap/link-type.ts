/** LINKTYPE_ values of www.tcpdump.org/linktypes.html that floodgate reads or writes. */
export const LinkType = {
  null: 0,
  ethernet: 1,
  raw: 101,
  loop: 108,
  linuxSll: 113,
  ipv4: 228,
  ipv6: 229,
  linuxSll2: 276,
} as const;
