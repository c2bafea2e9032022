import { testHotStore } from '../../../test/contract/hot-store.ts';
import { createMemoryHotStore } from './memory-store.ts';

testHotStore('memory', async (config) => createMemoryHotStore(config));
