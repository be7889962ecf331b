/** Stores as tests make and use them. */
import type { HistoryStore } from './history-store.ts';
import { openStore } from './open-store.ts';
import type { StoreAddress } from './store-address.ts';

/** Of a project in no repository. */
export const origin = {
  project: 'shop',
  folder: '/srv/shop',
  commit: null,
  subject: null,
  branch: null,
  dirty: false,
};

export const sqliteAt = (file: string): StoreAddress => ({ kind: 'sqlite', file, isOurs: false });

/** Closed when the action is over, however it ends. */
export async function withStore<T>(address: StoreAddress, action: (store: HistoryStore) => Promise<T>): Promise<T> {
  const store = await openStore(address, { absent: 'make' });
  try {
    return await action(store);
  } finally {
    await store.close();
  }
}
