// Token ids of texts by llama.cpp: MODEL.gguf as argument, a JSON array of texts in, one of lists of ids out. Special tokens
// are read, BOS is not added. The file may hold a vocabulary alone.
import { text } from 'node:stream/consumers';
import { installPeers } from '../install-peers.mjs';

installPeers();
const { getLlama } = await import('../peers/node_modules/node-llama-cpp/dist/index.js');
const llama = await getLlama({ gpu: false, build: 'never', logLevel: 'error' });
const model = await llama.loadModel({ modelPath: process.argv[2], gpuLayers: 0, vocabOnly: true });
const texts = JSON.parse(await text(process.stdin));
process.stdout.write(JSON.stringify(texts.map((text) => [...model.tokenize(text, true)])), () => process.exit(0));
