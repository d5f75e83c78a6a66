// Made of the scripts beside it by `vitest run --config test/vitest.config.ts test/unit/upstash -u`; do not edit.
const prelude = `local s=redis.call('TIME')
local e=tonumber(s[1])*1000+math.floor(tonumber(s[2])/1000)
local A=redis.call('MGET',unpack(KEYS))
local function f(N)return string.format('%.0f',N)end
local function J(g)
local q={}
if g then for T in string.gmatch(g,'%S+')do q[#q+1]=T end end
return q
end
local function Q(d,b)
if d~='m'then return math.floor(e/b)*b end
local E=math.floor(e/86400000)
local m=(E+719468)%146097
local x=math.floor((m-math.floor(m/1460)+math.floor(m/36524)-math.floor(m/146096))/365)
local G=m-(365*x+math.floor(x/4)-math.floor(x/100))
local S=math.floor((5*G+2)/153)
return(E-(G-math.floor((153*S+2)/5)))*86400000
end
local function W(g,d,b,l)
local t=J(g)
local a,c,k
if t[1]==d..f(b)then
a,c,k=tonumber(t[2]),tonumber(t[3]),tonumber(t[4])
end
if d=='b'then
if not a then return e,0,0 end
if a>e+b then return e,0,0 end
local H=math.max(0,math.floor((e-a)/b))
c=math.max(0,c-H*l)
if c==0 then return e,0,0 end
return a+H*b,c,0
end
local n=Q(d,b)
if a and a>=n and a<=n+b then return a,c,k end
if d=='s'and a==n-b then return n,0,c end
return n,0,0
end
local function C(M,d,b,l,a,c,k)
local w=1
if d=='s'then w=2 end
if d=='b'then w=math.ceil(c/l)end
local r=math.min(34560000000,math.max(1000,a+w*b-e+1000))
local g=d..f(b)..' '..f(a)..' '..f(c)..' '..f(k)
redis.call('SET',M,g,'PX',f(r))
end
`

export const packed = {
  gate: `${prelude}local I,k1,f1,y1,u1=ARGV[1],tonumber(ARGV[2]),ARGV[3],ARGV[6],ARGV[7]=='1'
local v=ARGV[8]
local o={}
for i=1,#v do o[string.sub(v,i,i)]=i end
local o1,e1=tonumber(ARGV[9]),false
for i=1,#v do
if string.sub(v,i,i)=='r'and A[i]then
local u,c1=string.match(A[i],'^I (%d+) (%d+) ')
e1=e1 or not(u and o1 and o1>=tonumber(u)and e>=tonumber(c1))
end
end
local B,x1=J(A[o.c]),J(A[o.t])
local R,P,i1,Z,r1={},{},{},{},{}
for j=1,(#ARGV-9)/6 do
local i=9+(j-1)*6
local h={
M=KEYS[#v+j],d=ARGV[i+1],v1=tonumber(ARGV[i+2]),b=tonumber(ARGV[i+3]),
l=tonumber(ARGV[i+4]),K=tonumber(ARGV[i+5]),
}
h.a,h.c,h.k=
W(A[#v+j],h.d,h.b,h.l)
local m1=h.c
if h.d=='s'then
m1=m1+h.k*(1-math.min(1,math.max(0,(e-h.a)/h.b)))
end
if math.max(0,math.floor(h.v1-m1+1e-10))<h.K then
i1[j]=true
local q=ARGV[i+6]=='1'and Z or r1
q[#q+1]=tostring(j)
end
R[j]=h
end
local function z(w1,a1)
P[1],P[2],P[3]=w1,f(e),a1
for j,h in ipairs(R)do
P[3+j]=f(h.a)..' '..f(h.c)..' '..f(h.k)
end
return P
end
for A1,p in ipairs({B,x1})do
if p[2]==I then
if p[1]=='R'and k1<=tonumber(p[3])then return z('withdrawn','')end
if p[1]=='T'or p[1]=='D'or(p[1]=='L'and tonumber(p[3])>e)then
local l1,j={},0
for a in string.gmatch(p[1]=='D'and p[5]or p[4]or'','[^,]+')do
j=j+1
if a=='-'then l1[#l1+1]=tostring(j)end
end
if B[1]=='D'and not(p[1]=='D'and f1=='once')then return z('done',B[3])end
return z('admitted',table.concat(l1,','))
end
end
end
if o.b and A[o.b]then return z('blocked','')end
if e1 then return z('revoked','')end
if#Z>0 then return z('limited',table.concat(Z,','))end
if B[1]=='L'and tonumber(B[3])>e then return z('leased',B[3])end
local d1=B[1]=='D'
if d1 and not u1 then return z('done',B[3])end
local D={}
for j,h in ipairs(R)do
D[j]=i1[j]and'-'or f(h.a)
end
D=table.concat(D,',')
if d1 or f1=='-'then
if#R>0 then redis.call('SET',KEYS[o.t],'T '..I..' 0 '..D,'PX','20000')end
elseif f1=='once'then
local g='D '..I..' '..y1..' '..f(e)..' '..(D==''and'-'or D)
redis.call('SET',KEYS[o.c],g,'PX',ARGV[5])
else
local g='L '..I..' '..f(e+tonumber(ARGV[4]))..' '..D
redis.call('SET',KEYS[o.c],g,'PX',f(tonumber(ARGV[4])+1000))
end
for j,h in ipairs(R)do
if not i1[j]then
h.c=h.c+h.K
if h.K>0 then
C(h.M,h.d,h.b,h.l,h.a,h.c,h.k)
end
end
end
if d1 then return z('done',B[3])end
return z('admitted',table.concat(r1,','))
`,
  giveBack: `${prelude}local I,k1,v=ARGV[1],ARGV[2],ARGV[3]
local p1='R '..I..' '..k1
local function g1(z1,t1)return math.max(0,z1-math.max(0,t1))end
local function s1(D)
local j=0
for f in string.gmatch(D or'','[^,]+')do
j=j+1
local o,i=tonumber(f),3+(j-1)*4
local d,b,l,K=
ARGV[i+1],tonumber(ARGV[i+2]),tonumber(ARGV[i+3]),tonumber(ARGV[i+4])
if o and d then
local a,c,k=W(A[#v+j],d,b,l)
local X,j1=c,k
if d=='b'then
X=g1(c,K-math.max(0,math.floor((e-o)/b))*l)
elseif a==o then
X=g1(c,K)
elseif d=='s'and a-b==o then
j1=g1(k,K)
end
if X~=c or j1~=k then
C(KEYS[#v+j],d,b,l,a,X,j1)
end
end
end
end
local p=KEYS[string.find(v,'t')]
for i=1,#v do
local y=J(A[i])
local O=y[2]==I and y[1]
if O=='L'or O=='T'then
s1(y[4])
if KEYS[i]~=p then redis.call('DEL',KEYS[i])end
redis.call('SET',p,p1,'PX','20000')
return 1
elseif O=='D'then
if not y[5]or y[5]=='-'then return 0 end
s1(y[5])
redis.call('SET',KEYS[i],'D '..I..' '..y[3]..' '..y[4]..' -','KEEPTTL')
return 1
end
end
redis.call('SET',p,p1,'PX','20000')
return 0
`,
  release: `local g=redis.call('GET',KEYS[1])
local O,y,a1=string.match(g or'','^(%S+) (%S+) ?(%S*)')
if y==ARGV[1]then
if O=='L'then
redis.call('SET',KEYS[2],'R '..ARGV[1]..' 9007199254740991','PX','20000')
redis.call('DEL',KEYS[1])
end
return 1
end
if O=='D'then return 0 end
if O~='L'then return 1 end
local s=redis.call('TIME')
return tonumber(a1)<=tonumber(s[1])*1000+math.floor(tonumber(s[2])/1000)and 1 or 0
`,
  forget: `local b1=0
for i,g in ipairs(redis.call('MGET',unpack(KEYS)))do
local o=string.match(g or'','^D %S+ %S+ (%d+)$')
if o and tonumber(o)>=tonumber(ARGV[1])then b1=b1+redis.call('DEL',KEYS[i])end
end
return b1
`,
  refuse: `local s=redis.call('TIME')
local e=tonumber(s[1])*1000+math.floor(tonumber(s[2])/1000)
local g,F=redis.call('GET',KEYS[1])or'',0
if g~=''then F=math.max(0,redis.call('PTTL',KEYS[1]))end
local r,u,q1=tonumber(ARGV[1]),tonumber(ARGV[2]),ARGV[3]
local function f(N)return string.format('%.0f',N)end
local function C(g,r)
redis.call('SET',KEYS[1],g,'PX',f(r))
return 1
end
local function Y(u,c1)return'I '..f(u)..' '..f(c1)..' '..q1 end
local U,n1=string.match(g,'^I (%d+) (%d+) ')
if not u then
if not U or r>=F then return C('B '..q1,math.max(r,F))end
return C(Y(tonumber(U),math.max(tonumber(n1),e+r)),F)
end
if U then return C(Y(math.max(tonumber(U),u),tonumber(n1)),math.max(r,F))end
if F>=r then return 1 end
return C(Y(u,F>0 and e+F or 0),r)
`,
  putApiKey: `local L,V=ARGV[1],ARGV[2]
local u=redis.call('HGET',KEYS[2],V)
local h1=string.match(redis.call('HGET',KEYS[1],L)or'','^%S+')
if h1 and h1~=V then return 2 end
if not u and not h1 and redis.call('HLEN',KEYS[1])>=tonumber(ARGV[4])then return 0 end
if u and u~=L then redis.call('HDEL',KEYS[1],u)end
redis.call('HSET',KEYS[1],L,V..' '..ARGV[3])
redis.call('HSET',KEYS[2],V,L)
return 1
`,
  removeApiKey: `local L=redis.call('HGET',KEYS[2],ARGV[1])
if not L then return 0 end
redis.call('HDEL',KEYS[1],L)
redis.call('HDEL',KEYS[2],ARGV[1])
return 1
`,
}
